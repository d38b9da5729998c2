package builtin

import (
	"fmt"
	"strconv"
	"strings"
)

// The scripts below run in containers, in whatever shell is there. They find the processes of a load by a mark in their
// command line; it is put together from two parts, so that a script that looks for it does not find itself.

// noFolder is how a script ends that finds no folder to write to.
const noFolder = 98

// marked sets m to the mark and d to the folders that may hold files of the load.
const marked = `m=scenario-runner-; m=${m}chaos-%s; d="/tmp /var/tmp /dev/shm"
case " $d " in *" ${TMPDIR:-/tmp} "*) ;; *) d="$TMPDIR $d";; esac
`

// found sets p to the processes of the load and their children, too.
const found = marked + `own=; p=
for f in /proc/[0-9]*; do
  c=; { read -r c <"$f/cmdline"; } 2>/dev/null
  case $c in *"$m"*) own="$own ${f#/proc/} "; p="$p ${f#/proc/}";; esac
done
for f in /proc/[0-9]*; do
  case $own in *" ${f#/proc/} "*) continue;; esac
  s=; { read -r s <"$f/stat"; } 2>/dev/null || continue
  s=${s##*) }; s=${s#* }; s=${s%%%% *}
  case $own in *" $s "*) p="$p ${f#/proc/}";; esac
done
`

// stopScript ends a load and removes its files. It looks again until nothing is left, for a process that it ends may just
// have started another one.
func stopScript(id string) string {
	return "n=0\nwhile [ $n -lt 100 ]; do n=$((n+1))\n" + fmt.Sprintf(found, id) + `[ -n "$p" ] || break
kill -9 $p 2>/dev/null
done
for f in $d; do rm -f "$f/.$m".*; done
[ -z "$p" ]`
}

// toll is what the processes and files of a load take.
type toll struct {
	Processes int
	Ticks     int // of processor time, 100 to a second
	Kilobytes int // of memory
	Killed    int // processes that the kernel took for their memory
	Written   int // kilobytes of files
	Rounds    int // how often files were written anew
	Waited    int // ticks for which processes wanted a processor and got none; 0 where the kernel does not tell

	Lost string // what happened to the container with the load in it, when it is no more
}

// measureScript writes what a load takes, as readToll reads it.
func measureScript(id string) string {
	return fmt.Sprintf(found, id) + `n=0; t=0; k=0; x=0; w=0; r=0; q=0
for i in $p; do
  s=; { read -r s <"/proc/$i/stat"; } 2>/dev/null || continue
  set -- ${s##*) }
  [ "$1" = Z ] && continue
  n=$((n+1)); t=$((t+${12}+${13}))
  a=0; b=0; { read -r a b c <"/proc/$i/schedstat"; } 2>/dev/null
  q=$((q+${b:-0}/10000000))
  c=; { read -r c <"/proc/$i/cmdline"; } 2>/dev/null
  case $c in *"$m-killed"*) x=1;; esac
  while read -r a b c; do [ "$a" = VmRSS: ] && k=$((k+b)); done <"/proc/$i/status" 2>/dev/null
done
for f in $d; do for g in "$f/.$m".*; do
  [ -f "$g" ] || continue
  case $g in
    *.rounds) a=0; read -r a <"$g"; r=$((r+${a:-0}));;
    *) set -- $(ls -ln "$g"); w=$((w+$5/1024));;
  esac
done; done
echo "load $n $t $k $x $w $r $q"`
}

// readToll reads what measureScript wrote.
func readToll(text string) (toll, error) {
	var u toll
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) != 8 || fields[0] != "load" {
			continue
		}
		for i, into := range []*int{&u.Processes, &u.Ticks, &u.Kilobytes, &u.Killed, &u.Written, &u.Rounds, &u.Waited} {
			number, err := strconv.Atoi(fields[i+1])
			if err != nil {
				return u, fmt.Errorf("the load could not be measured: %q is not a number", fields[i+1])
			}
			*into = number
		}
		return u, nil
	}
	return u, fmt.Errorf("the load could not be measured: the container answered %q", strings.TrimSpace(text))
}

// loadScript is what makes a load. body runs in a shell of its own, with the mark as $0; its arguments are numbers, the
// first one the seconds after which the load ends by itself, whatever becomes of this program.
type loadScript struct {
	body  string
	tools []string // what it needs beside a shell
	files bool     // it writes files, whose names begin with $f
}

// start returns the script that starts the load and returns at once. It ends with noTool when a program is missing, and
// with noFolder when it needs a folder to write to and has none.
func (l loadScript) start(id string, arguments ...int) string {
	var b strings.Builder
	fmt.Fprintf(&b, marked, id)
	b.WriteString(l.missing())
	if l.files {
		fmt.Fprintf(&b, "for g in $d; do f=$g/.$m; true >\"$f.0\" && break; f=; done 2>/dev/null\n[ -n \"$f\" ] || exit %d\nexport f\n", noFolder)
	}
	// The body stays out of the command line: what looks for the mark reads only the first line of it.
	fmt.Fprintf(&b, "b='%s'; export b\n(sh -c 'eval \"$b\"' \"$m\"", strings.ReplaceAll(l.body, "'", `'\''`))
	for _, argument := range arguments {
		fmt.Fprintf(&b, " %d", argument)
	}
	b.WriteString(" </dev/null >/dev/null 2>&1 &)\nexit 0")
	return b.String()
}

// missing returns the script that looks for the programs that the load needs, and ends with noTool when one is missing.
func (l loadScript) missing() string {
	return fmt.Sprintf("for t in %s; do command -v $t >/dev/null 2>&1 || { echo $t; exit %d; }; done\n", strings.Join(l.tools, " "), noTool)
}

// processorLoad keeps processors busy: seconds, number.
var processorLoad = loadScript{tools: []string{"sleep"}, body: `k=; i=0
while [ $i -lt $2 ]; do sh -c "while :; do :; done" "$0" & k="$k $!"; i=$((i+1)); done
sleep $1
kill -9 $k`}

// memoryLoad takes memory: seconds, megabytes. tail keeps all of a line until it ends, and this one does not.
var memoryLoad = loadScript{tools: []string{"sleep", "head", "tail"}, body: `{ head -c $(($2*1048576)) /dev/zero; sleep $1; } |
{ tail >/dev/null || sh -c "sleep $1; :" "$0-killed"; }`}

// diskLoad fills a file: seconds, kilobytes.
var diskLoad = loadScript{tools: []string{"sleep", "head", "ls", "rm"}, files: true, body: `head -c $(($2*1024)) /dev/zero >"$f.0"
sleep $1
rm -f "$f".*`}

// trafficLoad writes files again and again: seconds, writers, percent of the free space that they take together.
var trafficLoad = loadScript{tools: []string{"sleep", "head", "ls", "rm", "df"}, files: true, body: `rm -f "$f.0"
a=$(df -Pk "${f%/*}" | { read -r x; read -r x x x a x; echo $a; })
k=; i=0
while [ $i -lt $2 ]; do
  sh -c "r=0; while :; do head -c $((a*$3/100/$2*1024)) /dev/zero >$f.$i; r=\$((r+1)); echo \$r >$f.$i.rounds; done" "$0" & k="$k $!"; i=$((i+1))
done
sleep $1
kill -9 $k; rm -f "$f".*`}

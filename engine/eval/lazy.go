package eval

import "sync"

// lazy is the fields of an object type that are found out when somebody asks for them: the types of Kubernetes are
// large, some contain themselves, and an expression names three fields of a thousand. It is safe for concurrent use.
type lazy struct {
	once   sync.Once
	load   func() []Field
	fields []Field
	index  map[string]int
}

// ObjectOf returns the type of an object whose fields load tells. It is called once, when a field is first asked for.
// A field that such a type has and a value has not reads as its zero value: see Env.Compile.
func ObjectOf(load func() []Field) Type { return Type{Kind: Object, lazy: &lazy{load: load}} }

// members returns the fields in declaration order.
func (l *lazy) members() []Field {
	l.once.Do(func() {
		l.fields = l.load()
		l.index = make(map[string]int, len(l.fields))
		for i, f := range l.fields {
			l.index[f.Name] = i
		}
		l.load = nil
	})
	return l.fields
}

func (l *lazy) field(name string) (Field, bool) {
	fields := l.members()
	if i, ok := l.index[name]; ok {
		return fields[i], true
	}
	return Field{}, false
}

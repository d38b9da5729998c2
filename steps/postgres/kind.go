package postgres

import (
	"context"
	"slices"
	"strconv"
	"strings"
)

// form is how the text of a value is read.
type form int

const (
	textual form = iota // as it is: text, uuid, enumerations, and every type that is not known here
	boolean
	integer
	double
	single
	decimal
	document // JSON
	moment   // a time with a zone
	wall     // a time or a date without one
	interval
)

// kind is what is known of a type of PostgreSQL.
type kind struct {
	name      string
	form      form
	element   *kind // of an array
	delimiter byte  // between the items of an array
	declared  ColumnType
}

// builtin returns the kinds that every server has under the same numbers.
func builtin(oid uint32) (kind, bool) {
	scalars := map[uint32]kind{
		16: {name: "boolean", form: boolean}, 17: {name: "bytea"}, 18: {name: "char"}, 19: {name: "name"},
		20: {name: "bigint", form: integer}, 21: {name: "smallint", form: integer}, 23: {name: "integer", form: integer},
		25: {name: "text"}, 26: {name: "oid", form: integer}, 114: {name: "json", form: document},
		700: {name: "real", form: single}, 701: {name: "double precision", form: double}, 705: {name: "text"},
		1042: {name: "character"}, 1043: {name: "character varying"},
		1082: {name: "date", form: wall}, 1083: {name: "time"}, 1114: {name: "timestamp", form: wall},
		1184: {name: "timestamp with time zone", form: moment}, 1186: {name: "interval", form: interval},
		1700: {name: "numeric", form: decimal}, 2950: {name: "uuid"}, 3802: {name: "jsonb", form: document},
	}
	arrays := map[uint32]uint32{
		1000: 16, 1001: 17, 1002: 18, 1003: 19, 1016: 20, 1005: 21, 1007: 23, 1009: 25, 1028: 26, 199: 114, 1021: 700, 1022: 701,
		1014: 1042, 1015: 1043, 1182: 1082, 1183: 1083, 1115: 1114, 1185: 1184, 1187: 1186, 1231: 1700, 2951: 2950, 3807: 3802,
	}
	if k, ok := scalars[oid]; ok {
		return k, true
	}
	if of, ok := arrays[oid]; ok {
		element := scalars[of]
		return kind{name: element.name + "[]", element: &element, delimiter: ','}, true
	}
	return kind{}, false
}

// kind returns what is known of a type; learn has been called with it.
func (c *Conn) kind(oid uint32) kind {
	if k, ok := builtin(oid); ok {
		return k
	}
	return c.kinds[oid]
}

// unknown returns those of some types that have to be asked for.
func (c *Conn) unknown(oids []uint32) []uint32 {
	var out []uint32
	for _, oid := range oids {
		_, standard := builtin(oid)
		_, known := c.kinds[oid]
		if !standard && !known && !slices.Contains(out, oid) {
			out = append(out, oid)
		}
	}
	return out
}

// catalogue asks for types that are not built in: what they are called, what an array holds, and what a domain is made of.
const catalogue = `select oid, format_type(oid, null), case when typinput::text in ('array_in', 'pg_catalog.array_in') then typelem else 0 end, typbasetype,
 coalesce((select e.typdelim from pg_type e where e.oid = t.typelem), ',') from pg_type t where oid in (`

// learn finds out what types are that are not built in, and what those are made of.
func (c *Conn) learn(ctx context.Context, oids []uint32) error {
	asked := c.unknown(oids)
	if len(asked) == 0 {
		return nil
	}
	list := make([]string, len(asked))
	for i, oid := range asked {
		list[i] = strconv.FormatUint(uint64(oid), 10)
		c.kinds[oid] = kind{name: "type " + list[i]} // what the catalogue does not have is text
	}
	rows, err := c.raw(ctx, catalogue+strings.Join(list, ", ")+")")
	if err != nil {
		return err
	}
	for _, row := range rows {
		if err := c.describe(ctx, row); err != nil {
			return err
		}
	}
	return nil
}

// describe takes over one row of the catalogue.
func (c *Conn) describe(ctx context.Context, row [][]byte) error {
	oid, name, element, base := number(row[0]), string(row[1]), number(row[2]), number(row[3])
	part := max(element, base) // a type is not both an array and a domain
	if part == 0 {
		c.kinds[oid] = kind{name: name}
		return nil
	}
	if err := c.learn(ctx, []uint32{part}); err != nil {
		return err
	}
	inner := c.kind(part)
	if element == 0 {
		inner.name = name
		c.kinds[oid] = inner
		return nil
	}
	c.kinds[oid] = kind{name: name, element: &inner, delimiter: row[4][0]}
	return nil
}

// number reads the number of a type.
func number(text []byte) uint32 {
	n, err := strconv.ParseUint(string(text), 10, 32)
	if err != nil {
		return 0
	}
	return uint32(n)
}

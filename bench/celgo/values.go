package main

import (
	"bytes"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

var adapter = types.DefaultTypeAdapter

// OMap is a map with text keys in order of insertion.
type OMap struct {
	keys []string
	vals []ref.Val
	idx  map[string]int
}

func newOMap(n int) *OMap { return &OMap{keys: make([]string, 0, n), vals: make([]ref.Val, 0, n)} }

// find: small maps are searched, larger ones have an index.
func (m *OMap) find(k string) int {
	if m.idx != nil {
		if i, ok := m.idx[k]; ok {
			return i
		}
		return -1
	}
	for i := range m.keys {
		if m.keys[i] == k {
			return i
		}
	}
	return -1
}
func (m *OMap) set(k string, v ref.Val) {
	if i := m.find(k); i >= 0 {
		m.vals[i] = v // the last counts
		return
	}
	if m.idx != nil {
		m.idx[k] = len(m.keys)
	}
	m.keys = append(m.keys, k)
	m.vals = append(m.vals, v)
	if m.idx == nil && len(m.keys) > 8 {
		m.idx = make(map[string]int, 16)
		for i, k := range m.keys {
			m.idx[k] = i
		}
	}
}
func (m *OMap) at(k string) (ref.Val, bool) {
	if i := m.find(k); i >= 0 {
		return m.vals[i], true
	}
	return nil, false
}
func (m *OMap) Contains(k ref.Val) ref.Val { _, ok := m.Find(k); return types.Bool(ok) }
func (m *OMap) Find(k ref.Val) (ref.Val, bool) {
	if s, ok := k.(types.String); ok {
		return m.at(string(s))
	}
	if types.IsUnknownOrError(k) {
		return k, false
	}
	return nil, false
}
func (m *OMap) Get(k ref.Val) ref.Val {
	v, ok := m.Find(k)
	if ok {
		return v
	}
	return types.ValOrErr(v, "no such key: %v", k)
}
func (m *OMap) Size() ref.Val                               { return types.Int(len(m.keys)) }
func (m *OMap) Type() ref.Type                              { return types.MapType }
func (m *OMap) Value() any                                  { return m }
func (m *OMap) IsZeroValue() bool                           { return len(m.keys) == 0 }
func (m *OMap) ConvertToNative(t reflect.Type) (any, error) { return nil, fmt.Errorf("unsupported") }
func (m *OMap) ConvertToType(t ref.Type) ref.Val {
	switch t {
	case types.MapType:
		return m
	case types.TypeType:
		return types.MapType
	}
	return types.NewErr("type conversion error from map to '%s'", t)
}
func (m *OMap) Equal(o ref.Val) ref.Val {
	om, ok := o.(traits.Mapper)
	if !ok || om.Size() != m.Size() {
		return types.False
	}
	for i, k := range m.keys {
		ov, ok := om.Find(types.String(k))
		if !ok || types.Equal(m.vals[i], ov) != types.True {
			return types.False
		}
	}
	return types.True
}

type omIter struct {
	traits.Iterator
	m *OMap
	i int
}

func (m *OMap) Iterator() traits.Iterator { return &omIter{m: m} }
func (i *omIter) HasNext() ref.Val        { return types.Bool(i.i < len(i.m.keys)) }
func (i *omIter) Next() ref.Val {
	if i.i >= len(i.m.keys) {
		return nil
	}
	i.i++
	return types.String(i.m.keys[i.i-1])
}
func (i *omIter) Type() ref.Type { return types.IteratorType }

func list(v []ref.Val) ref.Val { return types.NewRefValList(adapter, v) }

// ---------------------------------------------------------------- JSON in

type jp struct {
	b []byte
	p int
	d int
}

func parseJSON(b []byte) (v ref.Val, err error) {
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(jerr)
			if !ok {
				panic(r)
			}
			v, err = nil, fmt.Errorf("%s", string(e))
		}
	}()
	if !utf8.Valid(b) {
		return nil, fmt.Errorf("invalid UTF-8")
	}
	p := &jp{b: b}
	p.ws()
	v = p.value()
	p.ws()
	if p.p != len(p.b) {
		return nil, fmt.Errorf("text behind the document")
	}
	return v, nil
}

type jerr string

func (p *jp) fail(f string, a ...any) {
	panic(jerr(fmt.Sprintf(f, a...) + fmt.Sprintf(" at byte %d", p.p)))
}
func (p *jp) ws() {
	for p.p < len(p.b) {
		switch p.b[p.p] {
		case ' ', '\t', '\n', '\r':
			p.p++
		default:
			return
		}
	}
}
func (p *jp) peek() byte {
	if p.p >= len(p.b) {
		p.fail("unexpected end")
	}
	return p.b[p.p]
}
func (p *jp) lit(s string, v ref.Val) ref.Val {
	if !bytes.HasPrefix(p.b[p.p:], []byte(s)) {
		p.fail("bad literal")
	}
	p.p += len(s)
	return v
}
func (p *jp) value() ref.Val {
	switch c := p.peek(); {
	case c == '{':
		p.d++
		p.p++
		m := newOMap(8)
		p.ws()
		if p.peek() == '}' {
			p.p++
			p.d--
			return m
		}
		for {
			p.ws()
			if p.peek() != '"' {
				p.fail("member name expected")
			}
			k := p.str()
			p.ws()
			if p.peek() != ':' {
				p.fail("colon expected")
			}
			p.p++
			p.ws()
			m.set(k, p.value())
			p.ws()
			if c := p.peek(); c == ',' {
				p.p++
			} else if c == '}' {
				p.p++
				p.d--
				return m
			} else {
				p.fail("comma expected")
			}
		}
	case c == '[':
		p.p++
		l := []ref.Val{}
		p.ws()
		if p.peek() == ']' {
			p.p++
			return list(l)
		}
		for {
			p.ws()
			l = append(l, p.value())
			p.ws()
			if c := p.peek(); c == ',' {
				p.p++
			} else if c == ']' {
				p.p++
				return list(l)
			} else {
				p.fail("comma expected")
			}
		}
	case c == '"':
		return types.String(p.str())
	case c == 't':
		return p.lit("true", types.True)
	case c == 'f':
		return p.lit("false", types.False)
	case c == 'n':
		return p.lit("null", types.NullValue)
	case c == '-' || c >= '0' && c <= '9':
		return p.num()
	}
	p.fail("unexpected character")
	return nil
}
func (p *jp) num() ref.Val {
	s := p.p
	dig := func() {
		n := p.p
		for p.p < len(p.b) && p.b[p.p] >= '0' && p.b[p.p] <= '9' {
			p.p++
		}
		if n == p.p {
			p.fail("digit expected")
		}
	}
	if p.b[p.p] == '-' {
		p.p++
	}
	if p.peek() == '0' {
		p.p++
	} else {
		dig()
	}
	whole := true
	if p.p < len(p.b) && p.b[p.p] == '.' {
		whole = false
		p.p++
		dig()
	}
	if p.p < len(p.b) && (p.b[p.p] == 'e' || p.b[p.p] == 'E') {
		whole = false
		p.p++
		if p.p < len(p.b) && (p.b[p.p] == '+' || p.b[p.p] == '-') {
			p.p++
		}
		dig()
	}
	t := string(p.b[s:p.p])
	v, ok := number(t, whole)
	if !ok {
		p.fail("number out of range")
	}
	return v
}
func number(t string, whole bool) (ref.Val, bool) {
	if whole {
		if i, err := strconv.ParseInt(t, 10, 64); err == nil {
			return types.Int(i), true
		}
	}
	f, _ := strconv.ParseFloat(t, 64)
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return nil, false
	}
	return types.Double(f), true
}
func (p *jp) hex4() rune {
	if p.p+4 > len(p.b) {
		p.fail("short escape")
	}
	n, err := strconv.ParseUint(string(p.b[p.p:p.p+4]), 16, 32)
	if err != nil {
		p.fail("bad escape")
	}
	p.p += 4
	return rune(n)
}
func (p *jp) str() string {
	p.p++
	var sb strings.Builder
	for {
		c := p.peek()
		switch {
		case c == '"':
			p.p++
			return sb.String()
		case c < 0x20:
			p.fail("control character in a string")
		case c == '\\':
			p.p++
			e := p.peek()
			p.p++
			switch e {
			case '"', '\\', '/':
				sb.WriteByte(e)
			case 'b':
				sb.WriteByte('\b')
			case 'f':
				sb.WriteByte('\f')
			case 'n':
				sb.WriteByte('\n')
			case 'r':
				sb.WriteByte('\r')
			case 't':
				sb.WriteByte('\t')
			case 'u':
				r := p.hex4()
				if r >= 0xD800 && r < 0xDC00 {
					if p.p+2 > len(p.b) || p.b[p.p] != '\\' || p.b[p.p+1] != 'u' {
						p.fail("half a surrogate pair")
					}
					p.p += 2
					l := p.hex4()
					if l < 0xDC00 || l > 0xDFFF {
						p.fail("half a surrogate pair")
					}
					r = 0x10000 + (r-0xD800)<<10 + (l - 0xDC00)
				} else if r >= 0xDC00 && r < 0xE000 {
					p.fail("half a surrogate pair")
				}
				sb.WriteRune(r)
			default:
				p.fail("bad escape")
			}
		default:
			sb.WriteByte(c)
			p.p++
		}
	}
}

// ---------------------------------------------------------------- JSON out

func jstr(w *bytes.Buffer, s string) {
	w.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"':
			w.WriteString(`\"`)
		case r == '\\':
			w.WriteString(`\\`)
		case r == '\n':
			w.WriteString(`\n`)
		case r == '\r':
			w.WriteString(`\r`)
		case r == '\t':
			w.WriteString(`\t`)
		case r == '\b':
			w.WriteString(`\b`)
		case r == '\f':
			w.WriteString(`\f`)
		case r < 0x20:
			fmt.Fprintf(w, `\u%04x`, r)
		default:
			w.WriteRune(r)
		}
	}
	w.WriteByte('"')
}
func jout(w *bytes.Buffer, v ref.Val) error {
	switch x := v.(type) {
	case nil, types.Null:
		w.WriteString("null")
	case types.Bool:
		fmt.Fprint(w, bool(x))
	case types.Int:
		fmt.Fprint(w, int64(x))
	case types.Uint:
		fmt.Fprint(w, uint64(x))
	case types.Double:
		f := float64(x)
		if math.IsNaN(f) || math.IsInf(f, 0) {
			w.WriteString("null")
			break
		}
		s := strconv.FormatFloat(f, 'g', -1, 64)
		if !strings.ContainsAny(s, ".e") {
			s += ".0"
		}
		w.WriteString(s)
	case types.String:
		jstr(w, string(x))
	case types.Timestamp:
		jstr(w, x.Time.UTC().Format(time.RFC3339Nano))
	case types.Duration:
		jstr(w, string(x.ConvertToType(types.StringType).(types.String)))
	case *OMap:
		w.WriteByte('{')
		for i, k := range x.keys {
			if i > 0 {
				w.WriteByte(',')
			}
			jstr(w, k)
			w.WriteByte(':')
			if err := jout(w, x.vals[i]); err != nil {
				return err
			}
		}
		w.WriteByte('}')
	case traits.Mapper:
		w.WriteByte('{')
		first := true
		for it := x.Iterator(); it.HasNext() == types.True; {
			k := it.Next()
			if !first {
				w.WriteByte(',')
			}
			first = false
			ks, ok := k.ConvertToType(types.StringType).(types.String)
			if !ok {
				return fmt.Errorf("key that is no text")
			}
			jstr(w, string(ks))
			w.WriteByte(':')
			if err := jout(w, x.Get(k)); err != nil {
				return err
			}
		}
		w.WriteByte('}')
	case traits.Lister:
		w.WriteByte('[')
		n := int(x.Size().(types.Int))
		for i := 0; i < n; i++ {
			if i > 0 {
				w.WriteByte(',')
			}
			if err := jout(w, x.Get(types.Int(i))); err != nil {
				return err
			}
		}
		w.WriteByte(']')
	default:
		return fmt.Errorf("value of type %s has no JSON form", v.Type().TypeName())
	}
	return nil
}

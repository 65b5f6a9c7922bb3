package main

import (
	"bytes"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"standpipe.dev/sdk"
)

func (p *parser) quoted(text []byte) bool {
	return p.quote != "" && len(text) > 0 && text[0] == p.quote[0]
}

// unquote takes a quoted text off the line and undoes its escapes, those of JSON and an escaped quote. A backslash
// before anything else stands for itself.
func (p *parser) unquote(line []byte) (text, rest []byte, err error) {
	start := len(p.scratch)
	stops := `\` + p.quote
	for rest = line[1:]; ; {
		at := bytes.IndexAny(rest, stops)
		if at < 0 || at+1 == len(rest) && rest[at] == '\\' {
			return nil, nil, standpipe.Failf("unclosed-quote", "expected a `%s` that ends `%s`", p.quote, short(line))
		}
		p.scratch = append(p.scratch, rest[:at]...)
		rest = rest[at:]
		if rest[0] == p.quote[0] {
			return p.scratch[start:len(p.scratch):len(p.scratch)], rest[1:], nil
		}
		var length int
		p.scratch, length = appendEscaped(p.scratch, rest, p.quote[0])
		rest = rest[length:]
	}
}

// appendEscaped appends what an escape stands for, and returns how long it is.
func appendEscaped(to, text []byte, quote byte) ([]byte, int) {
	switch c := text[1]; c {
	case quote, '"', '\\', '/':
		return append(to, c), 2
	case 'b':
		return append(to, '\b'), 2
	case 'f':
		return append(to, '\f'), 2
	case 'n':
		return append(to, '\n'), 2
	case 'r':
		return append(to, '\r'), 2
	case 't':
		return append(to, '\t'), 2
	case 'u':
		if unit := codeUnit(text); unit >= 0 {
			if pair := utf16.DecodeRune(unit, codeUnit(text[6:])); pair != utf8.RuneError {
				return utf8.AppendRune(to, pair), 12
			}
			// Half a pair is no character; what takes its place says so.
			return utf8.AppendRune(to, unit), 6
		}
	}
	return append(to, '\\'), 1
}

// codeUnit reads `\u` and four digits, -1 when they are not there.
func codeUnit(text []byte) rune {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return -1
	}
	unit, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	if err != nil {
		return -1
	}
	return rune(unit)
}

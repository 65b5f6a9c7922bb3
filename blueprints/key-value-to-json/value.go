package main

import (
	"bytes"
	"strconv"

	"standpipe.dev/sdk"
)

// appendValue appends a value as JSON. Nothing at all is null where it is not a string.
func appendValue(to []byte, kind kind, key, text []byte) ([]byte, error) {
	if kind == "" || kind == stringKind {
		return appendString(to, text), nil
	}
	if len(text) == 0 {
		return append(to, "null"...), nil
	}
	switch kind {
	case integerKind:
		number, err := strconv.ParseInt(string(text), 10, 64)
		if err != nil {
			return to, unlike("bad-integer", "a whole number of 64 bits", key, text)
		}
		return strconv.AppendInt(to, number, 10), nil
	case numberKind:
		number, ok := appendNumber(to, text)
		if !ok {
			return to, unlike("bad-number", "a number", key, text)
		}
		return number, nil
	default:
		for _, word := range [2]string{"true", "false"} {
			if bytes.EqualFold(text, []byte(word)) {
				return append(to, word...), nil
			}
		}
		return to, unlike("bad-boolean", "`true` or `false`", key, text)
	}
}

func unlike(code, kind string, key, text []byte) error {
	return standpipe.Failf(code, "expected %s for `%s`, found `%s`", kind, short(key), short(text))
}

// appendNumber appends a number as it is written, but as JSON wants it: without a plus, leading zeros, or a point that
// has no digit on one of its sides.
func appendNumber(to, text []byte) ([]byte, bool) {
	if text[0] == '+' || text[0] == '-' {
		if text[0] == '-' {
			to = append(to, '-')
		}
		text = text[1:]
	}
	whole, text := digits(text)
	var fraction []byte
	if len(text) > 0 && text[0] == '.' {
		fraction, text = digits(text[1:])
	}
	if len(whole)+len(fraction) == 0 {
		return to, false
	}
	whole = bytes.TrimLeft(whole, "0")
	if len(whole) == 0 {
		whole = []byte("0")
	}
	to = append(to, whole...)
	if len(fraction) > 0 {
		to = append(append(to, '.'), fraction...)
	}
	if len(text) > 1 && (text[0] == 'e' || text[0] == 'E') {
		to, text = append(to, 'e'), text[1:]
		if text[0] == '+' || text[0] == '-' {
			to, text = append(to, text[0]), text[1:]
		}
		exponent, rest := digits(text)
		if len(exponent) == 0 {
			return to, false
		}
		to, text = append(to, exponent...), rest
	}
	return to, len(text) == 0
}

func digits(text []byte) (digits, rest []byte) {
	n := 0
	for n < len(text) && text[n]-'0' < 10 {
		n++
	}
	return text[:n], text[n:]
}

const hex = "0123456789abcdef"

// appendString appends a text, which is UTF-8, as a JSON string.
func appendString(to, text []byte) []byte {
	to = append(to, '"')
	start := 0
	for i, c := range text {
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		to = append(to, text[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			to = append(to, '\\', c)
		case '\n':
			to = append(to, `\n`...)
		case '\r':
			to = append(to, `\r`...)
		case '\t':
			to = append(to, `\t`...)
		default:
			to = append(to, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	return append(append(to, text[start:]...), '"')
}

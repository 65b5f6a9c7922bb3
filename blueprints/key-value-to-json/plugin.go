// Turns lines of keys and values into JSON objects.
package main

import (
	"unicode/utf8"

	"standpipe.dev/sdk"
)

func init() { standpipe.RegisterInit(newParser, transform) }

func main() {}

func transform(record *standpipe.Record, p *parser, out *standpipe.Output) error {
	line := record.Payload()
	if !utf8.Valid(line) {
		return standpipe.Failf("not-utf8", "byte %d is not UTF-8", firstInvalid(line))
	}
	if err := p.parse(line); err != nil {
		return err
	}
	p.out = p.members.appendJSON(p.out[:0])
	out.Emit(p.out)
	return nil
}

// firstInvalid returns the number of the first byte that is no UTF-8, counted from 1.
func firstInvalid(line []byte) int {
	for i := 0; i < len(line); {
		char, size := utf8.DecodeRune(line[i:])
		if char == utf8.RuneError && size == 1 {
			return i + 1
		}
		i += size
	}
	return len(line)
}

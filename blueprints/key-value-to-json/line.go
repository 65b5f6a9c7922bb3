package main

import (
	"bytes"

	"standpipe.dev/sdk"
)

const space = " \t"

// parser takes lines apart. What it needs for a line it uses again for the next.
type parser struct {
	pair, equals, quote string
	spaced              bool   // whether any run of spaces separates pairs
	trim                string // the spaces that are no part of keys and values
	types               map[string]kind
	bare                bare

	members members
	scratch []byte // quoted text without its escapes, and values as JSON
	out     []byte
}

// parse leaves what a line says in p.members.
func (p *parser) parse(line []byte) error {
	p.members.reset()
	p.scratch = p.scratch[:0]
	line = bytes.TrimRight(line, "\r\n")
	if len(bytes.Trim(line, space)) == 0 {
		return standpipe.Fail("empty-line", "the line is empty")
	}
	for rest := p.skip(line); len(rest) > 0; rest = p.skip(rest) {
		var err error
		if rest, err = p.one(rest); err != nil {
			return err
		}
	}
	if len(p.members.list) == 0 {
		return standpipe.Failf("no-pairs", "expected a key and a value, found `%s`", short(line))
	}
	return nil
}

// skip leaves out spaces, and separators with nothing between them.
func (p *parser) skip(line []byte) []byte {
	for {
		line = bytes.TrimLeft(line, p.trim)
		if p.spaced || !bytes.HasPrefix(line, []byte(p.pair)) {
			return line
		}
		line = line[len(p.pair):]
	}
}

// one takes a pair or a word off the line.
func (p *parser) one(line []byte) (rest []byte, err error) {
	key, rest := line, line
	if p.quoted(line) {
		if key, rest, err = p.unquote(line); err != nil {
			return nil, err
		}
		if !p.spaced {
			rest = bytes.TrimLeft(rest, p.trim)
		}
		if !bytes.HasPrefix(rest, []byte(p.equals)) {
			if err = p.ended(rest); err != nil {
				return nil, err
			}
			return rest, p.word(key)
		}
	} else {
		word := line[:p.end(line)]
		at := bytes.Index(word, []byte(p.equals))
		if at < 0 {
			return line[len(word):], p.word(bytes.TrimRight(word, p.trim))
		}
		key, rest = bytes.TrimRight(line[:at], p.trim), line[at:]
	}
	if len(key) == 0 {
		return nil, standpipe.Failf("no-key", "expected a key before `%s`, found `%s`", p.equals, short(line))
	}
	rest = rest[len(p.equals):]
	if !p.spaced {
		rest = bytes.TrimLeft(rest, p.trim)
	}
	if !p.quoted(rest) {
		end := p.end(rest)
		return rest[end:], p.set(key, bytes.TrimRight(rest[:end], p.trim))
	}
	value, rest, err := p.unquote(rest)
	if err != nil {
		return nil, err
	}
	if err := p.ended(rest); err != nil {
		return nil, err
	}
	return rest, p.set(key, value)
}

// end returns where a pair ends that has no quotes.
func (p *parser) end(line []byte) int {
	end := -1
	if p.spaced {
		end = bytes.IndexAny(line, space)
	} else {
		end = bytes.Index(line, []byte(p.pair))
	}
	if end < 0 {
		return len(line)
	}
	return end
}

// ended says whether a pair ends here, behind a quote.
func (p *parser) ended(line []byte) error {
	if p.spaced {
		if len(line) == 0 || line[0] == ' ' || line[0] == '\t' {
			return nil
		}
	} else if line = bytes.TrimLeft(line, p.trim); len(line) == 0 || bytes.HasPrefix(line, []byte(p.pair)) {
		return nil
	}
	return standpipe.Failf("after-quote", "expected `%s` behind a quote, found `%s`", p.pair, short(line))
}

func (p *parser) word(word []byte) error {
	switch {
	case p.bare == bareDrop:
		return nil
	case len(word) == 0:
		return standpipe.Fail("no-key", "expected a key, found an empty quote")
	case p.bare == bareTrue:
		return p.members.set(word, []byte("true"))
	default:
		return standpipe.Failf("bare-word", "expected a key and `%s`, found `%s`", p.equals, short(word))
	}
}

func (p *parser) set(key, text []byte) error {
	start := len(p.scratch)
	var err error
	if p.scratch, err = appendValue(p.scratch, p.types[string(key)], key, text); err != nil {
		return err
	}
	return p.members.set(key, p.scratch[start:])
}

// short is the beginning of a text, for messages.
func short(text []byte) []byte {
	const most = 60
	count := 0
	for i := range string(text) {
		if count++; count > most {
			return append(text[:i:i], "…"...)
		}
	}
	return text
}

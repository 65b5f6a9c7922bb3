package main

import (
	"bytes"

	"standpipe.dev/sdk"
)

// members are the members of an object, in the order of the line: one that comes again keeps its place.
type members struct {
	list       []member
	duplicates duplicates
	// Where each key is, once there are too many to look through.
	places map[string]int
}

type member struct {
	key, value []byte
	// Further values, of a key that comes again.
	more [][]byte
}

// few members are found faster by looking through them.
const few = 24

func (m *members) reset() {
	m.list = m.list[:0]
	// Emptying a map takes as long as it was ever large.
	if len(m.places) > 1000 {
		m.places = nil
	}
	clear(m.places)
}

// set takes a value, which is JSON.
func (m *members) set(key, value []byte) error {
	at := m.find(key)
	if at < 0 {
		m.list = append(m.list, member{key: key, value: value})
		if len(m.list) > few {
			m.index()
		}
		return nil
	}
	known := &m.list[at]
	switch m.duplicates {
	case lastCounts:
		known.value = value
	case allCount:
		known.more = append(known.more, value)
	case duplicatesFail:
		return standpipe.Failf("duplicate-key", "the key `%s` comes again", short(key))
	}
	return nil
}

func (m *members) find(key []byte) int {
	if len(m.list) > few {
		if at, ok := m.places[string(key)]; ok {
			return at
		}
		return -1
	}
	for i := range m.list {
		if bytes.Equal(m.list[i].key, key) {
			return i
		}
	}
	return -1
}

// index notes the members that are not noted yet.
func (m *members) index() {
	if m.places == nil {
		m.places = map[string]int{}
	}
	for i := len(m.places); i < len(m.list); i++ {
		m.places[string(m.list[i].key)] = i
	}
}

func (m *members) appendJSON(to []byte) []byte {
	for i := range m.list {
		member := &m.list[i]
		open := byte(',')
		if i == 0 {
			open = '{'
		}
		to = append(appendString(append(to, open), member.key), ':')
		if member.more == nil {
			to = append(to, member.value...)
			continue
		}
		to = append(append(to, '['), member.value...)
		for _, value := range member.more {
			to = append(append(to, ','), value...)
		}
		to = append(to, ']')
	}
	return append(to, '}')
}

package main

import (
	"fmt"
	"strings"

	"standpipe.dev/sdk"
)

// Params are described in plugin.json.
type Params struct {
	PairSeparator     *string         `json:"pair_separator"`
	KeyValueSeparator *string         `json:"key_value_separator"`
	Quote             *string         `json:"quote"`
	Types             map[string]kind `json:"types"`
	Bare              *bare           `json:"bare"`
	Duplicates        *duplicates     `json:"duplicates"`
}

type kind string

const (
	stringKind  kind = "string"
	integerKind kind = "integer"
	numberKind  kind = "number"
	booleanKind kind = "boolean"
)

type bare string

const (
	bareTrue bare = "true"
	bareFail bare = "fail"
	bareDrop bare = "drop"
)

type duplicates string

const (
	lastCounts     duplicates = "last"
	firstCounts    duplicates = "first"
	allCount       duplicates = "array"
	duplicatesFail duplicates = "fail"
)

func newParser(params *Params, _ standpipe.Context) (*parser, error) {
	p := &parser{
		pair:   or(params.PairSeparator, " "),
		equals: or(params.KeyValueSeparator, "="),
		quote:  or(params.Quote, `"`),
		types:  params.Types,
		bare:   or(params.Bare, bareFail),
	}
	p.members.duplicates = or(params.Duplicates, lastCounts)
	if p.pair == "" || p.equals == "" {
		return nil, fmt.Errorf("`pair_separator` and `key_value_separator` have at least one character")
	}
	p.spaced = p.pair == " "
	p.trim = space
	if !p.spaced {
		p.trim = strings.ReplaceAll(space, p.pair[:1], "")
	}
	switch {
	case strings.Contains(p.pair, p.equals) || strings.Contains(p.equals, p.pair):
		return nil, fmt.Errorf("one of `pair_separator` and `key_value_separator` is part of the other")
	case p.spaced && strings.ContainsAny(p.equals, space):
		return nil, fmt.Errorf("`key_value_separator` has a space in it, which separates pairs")
	case len(p.quote) > 1 || p.quote == `\`:
		return nil, fmt.Errorf("`quote` is one ASCII character other than `\\`, or empty")
	case p.quote != "" && strings.Contains(p.pair+p.equals, p.quote):
		return nil, fmt.Errorf("`quote` is part of a separator")
	}
	for key, kind := range p.types {
		if !oneOf(kind, stringKind, integerKind, numberKind, booleanKind) {
			return nil, fmt.Errorf("`types.%s` is `%s`; there are `string`, `integer`, `number` and `boolean`", key, kind)
		}
	}
	if !oneOf(p.bare, bareTrue, bareFail, bareDrop) {
		return nil, fmt.Errorf("`bare` is `%s`; there are `true`, `fail` and `drop`", p.bare)
	}
	if !oneOf(p.members.duplicates, lastCounts, firstCounts, allCount, duplicatesFail) {
		return nil, fmt.Errorf("`duplicates` is `%s`; there are `last`, `first`, `array` and `fail`", p.members.duplicates)
	}
	return p, nil
}

func or[T any](given *T, otherwise T) T {
	if given == nil {
		return otherwise
	}
	return *given
}

func oneOf[T comparable](value T, values ...T) bool {
	for _, known := range values {
		if value == known {
			return true
		}
	}
	return false
}

package batch

import "bytes"

// Column is a named value per record or output. Values are stored once each and referred to by number.
type Column struct {
	Name   string
	Values []byte
	Ends   []uint32
	Index  []uint32
}

// Get returns the value of a row, and whether it has one.
func (c *Column) Get(row int) ([]byte, bool) {
	if row >= len(c.Index) {
		return nil, false
	}
	return c.value(c.Index[row])
}

func (c *Column) value(number uint32) ([]byte, bool) {
	// Absent lies past every count of values.
	if uint64(number) >= uint64(len(c.Ends)) {
		return nil, false
	}
	start, end := uint32(0), c.Ends[number]
	if number > 0 {
		start = c.Ends[number-1]
	}
	if start > end || uint64(end) > uint64(len(c.Values)) {
		return nil, false
	}
	return c.Values[start:end:end], true
}

// Set gives a row a value. Rows between the last one and this have none.
func (c *Column) Set(row int, value []byte) {
	c.Pad(row + 1)
	// Neighbours often share a value: partition keys come in runs.
	last := uint32(len(c.Ends)) - 1
	if known, ok := c.value(last); !ok || !bytes.Equal(known, value) {
		c.Values = append(c.Values, value...)
		c.Ends = append(c.Ends, uint32(len(c.Values)))
		last++
	}
	c.Index[row] = last
}

// Pad makes the column at least as long as there are rows. Those that are added have no value.
func (c *Column) Pad(rows int) {
	for len(c.Index) < rows {
		c.Index = append(c.Index, Absent)
	}
}

// Truncate takes the rows from one on away. Values stay behind unused; a later row may find its own among them.
func (c *Column) Truncate(rows int) {
	if len(c.Index) > rows {
		c.Index = c.Index[:rows]
	}
}

// Used says whether any row has a value.
func (c *Column) Used() bool {
	for _, number := range c.Index {
		if number != Absent {
			return true
		}
	}
	return false
}

// Reset empties the column and gives it a name. Its memory is kept.
func (c *Column) Reset(name string) {
	c.Name, c.Values, c.Ends, c.Index = name, c.Values[:0], c.Ends[:0], c.Index[:0]
}

// Gives each object a zone: the example that is the same plugin in every language.
package main

import (
	"encoding/json"

	"standpipe.dev/sdk"
)

// Params are checked against the schema in plugin.json before a plugin starts.
type Params struct {
	Zones []string `json:"zones"`
}

func init() { standpipe.Register(transform) }

func main() {}

func transform(record *standpipe.Record, params *Params, out *standpipe.Output) error {
	// Values stay as they are written: a number keeps all its digits.
	var object map[string]json.RawMessage
	if record.JSON(&object) != nil || object == nil {
		return standpipe.Fail("not-json", "the record is not a JSON object")
	}
	zones := params.Zones[:1]
	switch string(object["kind"]) {
	case `"debug"`:
		standpipe.Count("dropped", 1)
		out.Drop()
		return nil
	case `"corrupt"`:
		return standpipe.Fail("corrupt", "kind `corrupt` is refused")
	case `"global"`:
		standpipe.Log(standpipe.Debug, "global record")
		zones = params.Zones
	}
	for _, zone := range zones {
		object["zone"], _ = json.Marshal(zone)
		if err := out.EmitJSON(object, standpipe.Column{Name: "zone", Value: zone}); err != nil {
			return err
		}
	}
	standpipe.Count("emitted", uint64(len(zones)))
	return nil
}

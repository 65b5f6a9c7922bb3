package standpipe_test

import (
	"os"
	"strings"
	"testing"
)

func TestTheReadmeShowsTheExample(t *testing.T) {
	source, err := os.ReadFile("example/plugin.go")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, code, _ := strings.Cut(string(source), "\n)\n\n")
	if code == "" || !strings.Contains(string(readme), code) {
		t.Error("copy example/plugin.go into README.md")
	}
}

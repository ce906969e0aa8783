package debugger

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// wire are the structures of the page, by their names there.
func wire() map[string]any {
	return map[string]any{
		"About": aboutInfo{}, "Job": job{}, "Port": portInfo{}, "FunctionInfo": functionInfo{}, "Stage": stageInfo{}, "ModelInfo": modelInfo{},
		"TreeColumns": treeInfo{}, "SceneColumns": sceneInfo{}, "ModuleName": moduleInfo{}, "Claim": claimInfo{}, "Value": valueInfo{}, "Frame": frameInfo{},
		"Place": placeInfo{}, "OpInfo": opInfo{}, "Lines": sourceInfo{}, "Hunk": hunk{}, "RunInfo": runInfo{}, "Stats": statsInfo{}, "Slice": sliceInfo{},
		"InputInfo": inputInfo{}, "Profile": profileInfo{}, "MetricInfo": metricInfo{}, "SideInfo": sideInfo{}, "Point": pointInfo{}, "Points": pointsInfo{},
		"Score": score{}, "PointInfo": pointDetail{},
	}
}

// TestWire holds the page's names of what the server sends against what it sends.
func TestWire(t *testing.T) {
	src, err := os.ReadFile("web/src/wire.ts")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]string{}
	field := regexp.MustCompile(`(?m)^  (\w+)\??:`)
	for _, m := range regexp.MustCompile(`(?ms)^export interface (\w+)[^{]*\{\n(.*?)^\}`).FindAllStringSubmatch(string(src), -1) {
		for _, f := range field.FindAllStringSubmatch(m[2], -1) {
			found[m[1]] = append(found[m[1]], f[1])
		}
	}
	for name, sent := range wire() {
		has := jsonNames(reflect.TypeOf(sent))
		if len(found[name]) == 0 {
			t.Errorf("wire.ts has no interface %s with fields", name)
		}
		for _, f := range found[name] {
			if !slices.Contains(has, f) {
				t.Errorf("the page expects %s.%s; the server sends %s", name, f, strings.Join(has, ", "))
			}
		}
	}
}

// jsonNames lists the names of a structure's fields in JSON, those of embedded ones with them.
func jsonNames(t reflect.Type) []string {
	var names []string
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			names = append(names, jsonNames(f.Type)...)
		case name != "":
			names = append(names, name)
		}
	}
	return names
}

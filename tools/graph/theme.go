package graph

import (
	"fmt"
	"strings"
)

// paint is a colour of boxes, in the light and the dark theme: inside and border.
type paint struct{ class, light, lightEdge, dark, darkEdge string }

// paints are the colours of families and of grades. The grades go from blue over white to red, which the colour-blind can tell apart.
func paints() []paint {
	return []paint{
		{"f-other", "#f4f4f5", "#a1a1aa", "#2b2b30", "#71717a"},
		{"f-product", "#dbe7ff", "#4f7ce0", "#1d2f57", "#6d97f2"},
		{"f-elementwise", "#dff5e4", "#4aa564", "#173824", "#5cbd79"},
		{"f-reduction", "#fde9cf", "#d08a2e", "#46300f", "#e0a252"},
		{"f-view", "#ffffff", "#b9bec7", "#202226", "#5d636e"},
		{"f-index", "#e8e1fb", "#8468cf", "#2f2554", "#a48ae6"},
		{"f-numbers", "#fbe0ee", "#c95c94", "#491f36", "#df7fb0"},
		{"f-memory", "#d8f1f4", "#3597a3", "#12393f", "#50b4c0"},
		{"f-control", "#f9dcd7", "#cc5f4b", "#4a2019", "#e27f6c"},
		{"f-port", "#ececf0", "#6b7280", "#34363d", "#9ca3af"},
		{"g0", "#c6dbf5", "#3b76c4", "#17365e", "#6aa2ea"},
		{"g1", "#e4eef9", "#7ba6d8", "#233449", "#5b83b4"},
		{"g2", "#f7f7f7", "#a1a1aa", "#303036", "#85858f"},
		{"g3", "#fbdcc9", "#dd8452", "#51301b", "#e39a6c"},
		{"g4", "#f3b3a4", "#c0392b", "#64211a", "#f0705f"},
	}
}

func stylesheet() string {
	var b strings.Builder
	b.WriteString(`svg{color-scheme:light dark;font-family:system-ui,"Helvetica Neue",Arial,sans-serif}` +
		`rect{stroke-width:1}.page{fill:#fff}.frame{stroke:#c4c8d0}.d0{fill:#f8f9fb}.d1{fill:#eff1f5}` +
		`text{fill:#1f2328;font-size:12px}.t,.s,.l,.mid{text-anchor:middle}.end{text-anchor:end}.t,.name{font-weight:600}.name{paint-order:stroke;stroke:#f8f9fb;stroke-width:4px}` +
		`.s{font-size:10px}.l{font-size:9px;opacity:.75}.class{font-weight:400;opacity:.65}.u{font-size:10px;font-style:italic;opacity:.8}` +
		`.e{fill:none;stroke:#7d8590;stroke-width:1.2}.stub{fill:none;stroke:#7d8590;stroke-dasharray:2 2}marker{fill:#7d8590}`)
	for _, p := range paints() {
		fmt.Fprintf(&b, ".%s rect{fill:%s;stroke:%s}", p.class, p.light, p.lightEdge)
	}
	b.WriteString(`@media(prefers-color-scheme:dark){.page{fill:#16181c}.frame{stroke:#454a54}.d0{fill:#1b1e23}.d1{fill:#22262c}` +
		`text{fill:#e6e8eb}.name{stroke:#1b1e23}.e,.stub{stroke:#8b929d}marker{fill:#8b929d}`)
	for _, p := range paints() {
		fmt.Fprintf(&b, ".%s rect{fill:%s;stroke:%s}", p.class, p.dark, p.darkEdge)
	}
	b.WriteString("}")
	return b.String()
}

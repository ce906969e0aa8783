//go:build !amd64

package processor

func featuresOfLeaf1() uint32 { return 0 }

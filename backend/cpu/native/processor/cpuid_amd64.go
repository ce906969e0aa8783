package processor

// featuresOfLeaf1 is what CPUID gives in ECX for leaf 1.
func featuresOfLeaf1() uint32

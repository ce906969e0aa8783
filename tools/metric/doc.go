// Package metric says how near a tensor comes to the one it should be.
//
// [Measure] reads a tested tensor and its reference once and gives [Scores], from which every entry of [Metrics] follows.
// [Judge] turns one metric into a [Verdict] by the limits of a [Preset]. All sums are float64.
// [StatsOf] sums up one tensor alone.
package metric

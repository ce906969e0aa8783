package compress

func (j *paletteJob) fitVectors(w *paletteGroup) (codebook, error)      { return codebook{}, &Refusal{"x"} }
func (j *paletteJob) assignVectors(w *paletteGroup, b codebook) float64 { return 0 }

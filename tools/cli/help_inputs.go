package cli

// page is a text that help shows by its name.
type page struct{ name, text string }

func texts() []page { return []page{{"inputs", inputsHelp}} }

// inputsHelp is the one account of how data for a model is given.
const inputsHelp = `Inputs of one run: aiopt run
  --input NAME=VALUE    JSON: a number, true, nested lists; nan and inf may stand in them
  --input NAME=FILE     a .npy array, or a .safetensors file with one tensor
  --inputs=FILE         a .safetensors file with all inputs, or with the values of a run that were saved, for its inputs

Samples, for passes that run the model such as a8 and gptq, for --verify=numeric (the first 8) and for aiopt sensitivity:
  --inputs=FILE         a .safetensors file, which is one sample
  --inputs=FOLDER       a folder with one sample in each of these, in the order of their names:
    NAME.safetensors      all inputs
    NAME.npy              the input of a model that has one
    NAME/INPUT.npy        a folder with an array for each input

Names of tensors, the same for all of these:
  x                     an input by its name; --rename changes it
  in0, in1, ...         the inputs in the order of the exported signature. With --io=position, which takes names of inputs as
                        well, run also names the outputs out0, out1, ..., an input that the model mutates mut<i>, and the
                        last value of a state buf:NAME
  s0.x, s1.x, ...       consecutive calls, which keep the model's states
  buf:NAME              the first value of a state (run only; samples start from the model's own)

A model with several functions needs to know which one is meant. Variants that specialize made are no functions of their own.
  F.x, s0.F.x, s1.G.x   names that begin with the function
  --function=F          where the names do not say it; --function=F,G,G names one for each call: then run takes x for all calls,
                        s1.x for one, and without either the newest output x of the calls before
  FOLDER/F/...          a folder of samples with a folder for each function

  aiopt run model.pt2 --input x=[[1,2,3]]
  aiopt run chat.airpkg --inputs=prompt.safetensors --function=prefill,decode,decode
  aiopt -passes=decompose,a8 model.pt2 --inputs=samples -o small.airpkg
`

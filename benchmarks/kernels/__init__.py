"""Whether it helps to align a student's features with its teacher's: by cosine, or by kernels, quantum ones too."""

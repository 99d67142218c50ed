"""Type aliases of arrays."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Times = npt.NDArray[np.datetime64]
Indices = npt.NDArray[np.int64]
SingleFloats = npt.NDArray[np.float32]
Reals = npt.NDArray[np.floating]
Bytes = npt.NDArray[np.uint8]
Complexes = npt.NDArray[np.complex128]

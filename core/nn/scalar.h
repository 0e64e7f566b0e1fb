// The number type of tensors. Programs run in float32; the tests compile the same sources once more in double, to tell
// a wrong formula from float32's rounding.
#pragma once

namespace dermdistill {

#ifdef DERMDISTILL_DOUBLE
using Scalar = double;
#else
using Scalar = float;
#endif

}  // namespace dermdistill

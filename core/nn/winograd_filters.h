// The filters of a 3x3 convolution in Winograd's domain, in panels of 32 outputs: planes [in][32], `plane` apart.
#pragma once

#include "core/nn/backend.h"

namespace dermdistill {

/// Values that transform_filter_panel() works in.
std::int64_t filter_square_values();

/// Outputs [32 panel, 32 panel + 32) of w [out, 3, 3, in].
void transform_filter_panel(const ConvShape& shape, const Scalar* w, std::int64_t panel, Scalar* square, Scalar* to,
                            std::int64_t plane);

/// The same of the convolution that the gradient of the input is: in and out change places, filters turn by half a
/// turn.
void transform_turned_filter_panel(const ConvShape& shape, const Scalar* w, std::int64_t panel, Scalar* to,
                                   std::int64_t plane);

}  // namespace dermdistill

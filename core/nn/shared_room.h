// Memory that the convolutions of one thread share, one after the other: what one of them leaves there is nobody's.
#pragma once

#include <cstdint>

#include "core/nn/scalar.h"

namespace dermdistill {

enum class Room {
  Filters,  // in the layout or the domain that products want
  Values,   // inputs and outputs likewise
  Nothing,  // zeros, never written
  Waste     // written and never read
};

/// Room for `values` numbers, kept for the life of the thread; it grows, so whoever must not allocate later asks early.
Scalar* shared_room(Room room, std::int64_t values);

}  // namespace dermdistill

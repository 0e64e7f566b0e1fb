#include "core/nn/shared_room.h"

#include <array>
#include <cstddef>

#include "core/base/large_vector.h"

namespace dermdistill {

Scalar* shared_room(Room room, std::int64_t values) {
  thread_local std::array<LargeVector<Scalar>, 4> rooms;
  LargeVector<Scalar>& memory = rooms[static_cast<std::size_t>(room)];
  if (memory.size() < static_cast<std::size_t>(values)) memory.resize(static_cast<std::size_t>(values));
  return memory.data();
}

}  // namespace dermdistill

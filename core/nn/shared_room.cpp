#include "core/nn/shared_room.h"

#include <array>
#include <cstddef>
#include <vector>

namespace dermdistill {

Scalar* shared_room(Room room, std::int64_t values) {
  thread_local std::array<std::vector<Scalar>, 4> rooms;
  std::vector<Scalar>& memory = rooms[static_cast<std::size_t>(room)];
  if (memory.size() < static_cast<std::size_t>(values)) memory.resize(static_cast<std::size_t>(values));
  return memory.data();
}

}  // namespace dermdistill

// Image files for tests: good ones, and ones that are broken in a known way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace dermdistill::testing {

/// A JPEG of smooth random blobs.
std::vector<std::byte> jpeg_bytes(int width, int height, std::uint64_t seed);
std::vector<std::byte> png_bytes(int width, int height, std::uint64_t seed);

/// The same JPEG whose header claims another size.
std::vector<std::byte> with_claimed_size(std::vector<std::byte> jpeg, int width, int height);

}  // namespace dermdistill::testing

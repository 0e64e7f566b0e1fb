// Writes the seeds that the fuzzers start from: make_corpus FOLDER, which gets the folders image, exif and safetensors.
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "core/base/random.h"
#include "core/io/safetensors.h"
#include "tests/image/picture_bytes.h"

namespace {

using namespace dermdistill;
using namespace dermdistill::testing;

void write(const std::filesystem::path& path, const Bytes& bytes) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

std::string random_text(std::size_t length, std::uint64_t seed) {
  Random random(seed);
  std::string text(length, '\0');
  for (char& letter : text) letter = static_cast<char>(random.below(256));
  return text;
}

void write_pngs(const std::filesystem::path& folder) {
  const std::string transparent = png_chunk("tRNS", std::string("\0\1\0\2\0\3", 6));
  for (const int bits : {8, 16})
    for (const int type : {0, 2, 4, 6}) {
      const std::size_t channels = type == 0 ? 1 : type == 4 ? 2 : type == 2 ? 3 : 4;
      const PngPicture picture{17,
                               16,
                               bits,
                               type,
                               random_text(17 * 16 * channels * static_cast<std::size_t>(bits) / 8, 1),
                               png_chunk("eXIf", exif_block(1 + type, bits == 8)) + (type == 2 ? transparent : "")};
      write(folder / ("type" + std::to_string(type) + "_" + std::to_string(bits) + ".png"), png_file(picture));
    }
}

void write_exif(const std::filesystem::path& folder) {
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const Bytes start = to_bytes("\xff\xd8\xff\xd9");
    write(folder / (std::to_string(orientation) + ".jpg"),
          with_app1(start, std::string("Exif\0\0", 6) + exif_block(orientation, orientation % 2 == 0)));
  }
}

void write_safetensors(const std::filesystem::path& folder) {
  TensorFile file;
  write(folder / "empty", serialise_safetensors(file));
  file.metadata["format"] = "pt";
  write(folder / "metadata", serialise_safetensors(file));
  for (int type = 0; type < 13; ++type) {
    const auto dtype = static_cast<DType>(type);
    file.tensors.push_back({"t" + std::to_string(type), dtype, {2, 1}, to_bytes(random_text(2 * size_of(dtype), 2))});
    write(folder / std::to_string(type), serialise_safetensors(file));
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::fprintf(stderr, "usage: make_corpus FOLDER\n");
    return 2;
  }
  const std::filesystem::path folder = arguments[1];
  const auto fixtures = std::filesystem::path(DERMDISTILL_SOURCE_DIR) / "tests" / "image" / "fixtures";
  write_pngs(folder / "image");
  write_pngs(folder / "exif");
  write_exif(folder / "exif");
  write_safetensors(folder / "safetensors");
  for (const auto& entry : std::filesystem::directory_iterator(fixtures))
    if (entry.path().extension() == ".jpg" || entry.path().extension() == ".png")
      std::filesystem::copy_file(entry.path(), folder / "image" / entry.path().filename(),
                                 std::filesystem::copy_options::overwrite_existing);
  return 0;
}

// Reads back an ONNX file that export.h wrote; it reads no other ONNX file.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>

#include "native/train/model_file.h"

namespace dermdistill {

/// `name` stands in messages. Of files of before the output `early_embedding` that are accepted, the card's score for
/// strange pictures, which rested on another output, is left out. @throws FormatError saying why the bytes are not one
/// of our models: not ONNX, another producer, no card, external data, a missing or mis-shaped tensor, another graph
/// than the card's network, one of before that output, weights that do not have the card's hash; NumericError for a
/// value that is not finite.
LoadedModel parse_onnx(std::span<const std::byte> bytes, std::string_view name,
                       OldExports old_exports = OldExports::Refuse);

/// @throws FileError when the file cannot be read; otherwise as parse_onnx().
LoadedModel import_onnx(const std::filesystem::path& path, OldExports old_exports = OldExports::Refuse);

}  // namespace dermdistill

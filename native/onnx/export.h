// Writes a network and its card as one ONNX file, through the ONNX library's own messages and checker.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "core/io/model_card.h"
#include "core/nn/network.h"

namespace dermdistill {

/// Input `image` [N, 3, size, size]; outputs `logits` [N, classes], `embedding` [N, channels], `features` [N, channels,
/// h, w]. The card, with the SHA-256 of the weights filled in, is the metadata entry "dermdistill.card". The same
/// network and card give the same bytes. @throws ShapeError when the card does not fit the network, NumericError for a
/// weight that is not finite, FormatError when ONNX's checker refuses the result.
std::vector<std::byte> serialise_onnx(const FoldedNetwork& network, const ModelCard& card);

/// serialise_onnx() written whole or not at all. @throws FileError as well.
void export_onnx(const FoldedNetwork& network, const ModelCard& card, const std::filesystem::path& path);

/// SHA-256 over the names and the values of every tensor of the network, in the order of the graph.
std::string weights_sha256(const FoldedNetwork& network);

}  // namespace dermdistill

// Writes a network and its card as one ONNX file, through the ONNX library's own messages and checker.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "core/io/model_card.h"
#include "core/learn/embedding_statistics.h"
#include "core/learn/gaussian.h"
#include "core/nn/network.h"

namespace dermdistill {

struct OnnxOptions {
  /// Large convolution weights are rounded to half precision and stored so; what a reader computes with is float32.
  bool half_weights = false;
  /// Travels as the metadata entry "dermdistill.embedding_statistics"; may be null.
  const EmbeddingStatistics* statistics = nullptr;
  /// Travels as the metadata entry "dermdistill.early_statistics"; may be null.
  const Gaussian* early_statistics = nullptr;
};

/// Input `image` [N, 3, size, size]; outputs `logits` [N, classes], `embedding` [N, channels], `features` [N, channels,
/// h, w], `early_embedding` [N, early channels]. The card, with the SHA-256 of weights and trunk filled in, is the
/// metadata entry "dermdistill.card". The same network and card give the same bytes. @throws ShapeError when the card
/// does not fit the network, NumericError for a weight that is not finite, FormatError when ONNX's checker refuses the
/// result.
std::vector<std::byte> serialise_onnx(const FoldedNetwork& network, const ModelCard& card,
                                      const OnnxOptions& options = {});

/// serialise_onnx() written whole or not at all. @throws FileError as well.
void export_onnx(const FoldedNetwork& network, const ModelCard& card, const std::filesystem::path& path,
                 const OnnxOptions& options = {});

/// SHA-256 over the names and the values of every tensor of the network, in the order of the graph.
std::string weights_sha256(const FoldedNetwork& network);

/// The same without the classifier: what a head file belongs to.
std::string trunk_sha256(const FoldedNetwork& network);

}  // namespace dermdistill

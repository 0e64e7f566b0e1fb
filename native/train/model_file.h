// A trained model as files hold it: the folded network with its card, read from whatever a user points at.
#pragma once

#include <filesystem>
#include <optional>

#include "core/io/model_card.h"
#include "core/learn/embedding_statistics.h"
#include "core/learn/gaussian.h"
#include "core/nn/network.h"

namespace dermdistill {

/// What prediction needs: weights with batch norm folded in, and everything that is known of them.
struct LoadedModel {
  FoldedNetwork network;
  ModelCard card;
  std::optional<EmbeddingStatistics> statistics = std::nullopt;  // of exported models
  std::optional<Gaussian> early_statistics = std::nullopt;       // likewise, of those that were calibrated
};

/// What becomes of ONNX files of before the output by which strange pictures are told: only to export them again are
/// they good enough.
enum class OldExports { Refuse, Accept };

/// The network of a card, checked to be one that the engine builds. @throws FormatError naming `name`.
NetworkConfig network_config(const ModelCard& card, const std::filesystem::path& name);

/// Reads a run folder (its best.safetensors), a .safetensors checkpoint or a student.onnx.
/// @throws FileError when the path does not exist, FormatError, ShapeError or NumericError when it holds no model of
/// ours.
LoadedModel load_model(const std::filesystem::path& path, OldExports old_exports = OldExports::Refuse);

/// Writes it as ONNX with all that is known of it. @throws as export_onnx().
void save_model(const LoadedModel& model, const std::filesystem::path& path, bool half_weights);

}  // namespace dermdistill

// The ONNX graph of a folded network: the one place that knows how its units become nodes.
#pragma once

#include <set>
#include <string>

#include <onnx/onnx_pb.h>

#include "core/nn/network.h"

namespace dermdistill {

inline constexpr char kOnnxProducer[] = "dermdistill";
inline constexpr char kOnnxCardKey[] = "dermdistill.card";
inline constexpr char kOnnxStatisticsKey[] = "dermdistill.embedding_statistics";
inline constexpr char kOnnxEarlyStatisticsKey[] = "dermdistill.early_statistics";
inline constexpr char kOnnxHalfSuffix[] = ".half";
inline constexpr int kOnnxOpset = 15;
inline constexpr int kOnnxIrVersion = 8;

struct OnnxGraphOptions {
  /// The convolution weights named here are stored in half precision under their name and ".half", and a Cast, which
  /// runtimes fold when they load, gives the float32 tensor.
  std::set<std::string> half_weights{};
  /// The output `early_embedding`, which files of before it do not have.
  bool early_embedding = true;
};

/// Nodes, inputs and outputs for images of `size` x `size` and any batch; no initialisers of weights, no metadata.
/// Conv (+ Add, Relu or Clip 0..6), MaxPool, GlobalAveragePool, Flatten, Gemm.
onnx::ModelProto onnx_graph(const FoldedNetwork& network, int size, const OnnxGraphOptions& options = {});

}  // namespace dermdistill

// The ONNX graph of a folded network: the one place that knows how its units become nodes.
#pragma once

#include <onnx/onnx_pb.h>

#include "core/nn/network.h"

namespace dermdistill {

inline constexpr char kOnnxProducer[] = "dermdistill";
inline constexpr char kOnnxCardKey[] = "dermdistill.card";
inline constexpr int kOnnxOpset = 15;
inline constexpr int kOnnxIrVersion = 8;

/// Nodes, inputs and outputs for images of `size` x `size` and any batch; no initialisers of weights, no metadata.
/// Conv (+ Add, Relu or Clip 0..6), MaxPool, GlobalAveragePool, Flatten, Gemm.
onnx::ModelProto onnx_graph(const FoldedNetwork& network, int size);

}  // namespace dermdistill

// Checkpoints that are damaged or belong to something else are refused by name; a full disk loses nothing.
#include "native/train/checkpoint.h"

#include <csignal>
#include <cstring>
#include <sys/resource.h>

#include <catch2/catch.hpp>

#include "core/base/error.h"
#include "native/base/files.h"
#include "native/train/initial_weights.h"
#include "tests/train/tiny_run.h"

namespace dermdistill {
namespace {

Checkpoint tiny_checkpoint() {
  Checkpoint checkpoint;
  checkpoint.kind = "student";
  checkpoint.network.width = 0.25;
  checkpoint.card = base_card(checkpoint.network, isic_classes(), Preprocessing{}, "tiny");
  checkpoint.progress.stage = "student";
  Network network(checkpoint.network);
  Random random(1);
  network.initialise(random);
  add_state(checkpoint.file, network.state(), "model.");
  return checkpoint;
}

StoredTensor& tensor(Checkpoint& checkpoint, const std::string& name) {
  for (StoredTensor& candidate : checkpoint.file.tensors) {
    if (candidate.name == name) return candidate;
  }
  throw Error(name, "is not in the checkpoint");
}

/// Files may not grow beyond this for as long as it lives: what a full disk looks like to a program.
class SmallDisk {
 public:
  explicit SmallDisk(rlim_t bytes) {
    handler_ = std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    rlimit now = before_;
    now.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &now);
  }
  ~SmallDisk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  void (*handler_)(int) = nullptr;
};

}  // namespace

TEST_CASE("A checkpoint comes back as it was written, and the same state gives the same bytes") {
  const testing::TemporaryFolder folder;
  const auto path = folder.path() / "a.safetensors";
  Checkpoint checkpoint = tiny_checkpoint();
  checkpoint.progress.epoch = 3;
  checkpoint.progress.step = 5;
  checkpoint.progress.sums = {{"ce", 0.1 + 0.2}};
  write_checkpoint(path, checkpoint);
  const Checkpoint back = read_checkpoint(path);
  CHECK(back.progress.epoch == 3);
  CHECK(back.progress.step == 5);
  CHECK(back.progress.sums == checkpoint.progress.sums);
  CHECK(back.card.classes == isic_classes());
  CHECK(back.network.width == 0.25);
  write_checkpoint(folder.path() / "b.safetensors", back);
  CHECK(read_file(path) == read_file(folder.path() / "b.safetensors"));
}

TEST_CASE("A full disk leaves the old checkpoint whole and is named") {
  const testing::TemporaryFolder folder;
  const auto path = folder.path() / "last.safetensors";
  Checkpoint checkpoint = tiny_checkpoint();
  write_checkpoint(path, checkpoint);
  const auto before = read_file(path);
  checkpoint.progress.epoch = 1;
  std::string message;
  {
    const SmallDisk disk(100'000);
    message = testing::message_of([&] { write_checkpoint(path, checkpoint); });
  }
  CHECK_THAT(message, Catch::Contains("last.safetensors") && Catch::Contains("cannot be written"));
  CHECK(read_file(path) == before);
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
  CHECK(read_checkpoint(path).progress.epoch == 0);
}

TEST_CASE("Damaged checkpoints are refused, each by its fault") {
  const testing::TemporaryFolder folder;
  const auto path = folder.path() / "last.safetensors";
  Checkpoint checkpoint = tiny_checkpoint();
  const auto message = [&] { return testing::message_of([&] { network_of(read_checkpoint(path), path); }); };
  const std::string victim = "features.1.conv.0.0.weight";

  SECTION("truncated, anywhere") {
    write_checkpoint(path, checkpoint);
    const auto whole = read_file(path);
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{5}, std::size_t{300}, whole.size() / 2, whole.size() - 1}) {
      write_file(path, std::span(whole).first(size));
      INFO(size);
      CHECK_THAT(message(), Catch::Contains("last.safetensors"));
    }
  }
  SECTION("missing tensor") {
    std::erase_if(checkpoint.file.tensors, [&](const StoredTensor& t) { return t.name == "model." + victim; });
    write_checkpoint(path, checkpoint);
    CHECK_THAT(message(), Catch::Contains(victim) && Catch::Contains("last.safetensors"));
  }
  SECTION("extra tensor") {
    add_state(checkpoint.file, {{"surprise.weight", {2}, {1, 2}}}, "model.");
    write_checkpoint(path, checkpoint);
    CHECK_THAT(message(), Catch::Contains("surprise.weight"));
  }
  SECTION("mis-shaped tensor") {
    StoredTensor& found = tensor(checkpoint, "model." + victim);
    found.shape = {static_cast<std::int64_t>(found.bytes.size() / sizeof(float))};
    write_checkpoint(path, checkpoint);
    CHECK_THAT(message(), Catch::Contains(victim));
  }
  SECTION("NaN") {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    std::memcpy(tensor(checkpoint, "model." + victim).bytes.data(), &nan, sizeof nan);
    write_checkpoint(path, checkpoint);
    CHECK_THAT(message(), Catch::Contains(victim) && Catch::Contains("finite"));
  }
  SECTION("another architecture in the metadata") {
    checkpoint.network.architecture = Architecture::ResNet18;
    write_checkpoint(path, checkpoint);
    CHECK_THAT(message(), Catch::Contains("last.safetensors"));
  }
  SECTION("weights that are no checkpoint") {
    write_file(path, serialise_safetensors(checkpoint.file));
    CHECK_THAT(message(), Catch::Contains("no metadata entry"));
  }
}

TEST_CASE("Initial weights: a checkpoint, random, or an error that names the file") {
  const testing::TemporaryFolder folder;
  const auto path = folder.path() / "w.safetensors";
  const Checkpoint checkpoint = tiny_checkpoint();
  write_checkpoint(path, checkpoint);
  Network network(checkpoint.network);
  const InitialWeights initial = load_initial_weights(network, path.string(), 7);
  CHECK(initial.sha256.size() == 64);
  CHECK(network.state()[0].values == network_of(checkpoint, path).state()[0].values);
  CHECK(load_initial_weights(network, "random", 7).sha256.empty());
  CHECK_THAT(testing::message_of([&] { load_initial_weights(network, (folder.path() / "none").string(), 7); }),
             Catch::Contains("there is no such file"));
  NetworkConfig wider = checkpoint.network;
  wider.width = 0.5;
  Network other(wider);
  CHECK_THAT(testing::message_of([&] { load_initial_weights(other, path.string(), 7); }),
             Catch::Contains("w.safetensors"));
}

}  // namespace dermdistill

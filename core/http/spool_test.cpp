#include "core/http/spool.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <iterator>

#include "core/base/file_source.hpp"
#include "core/base/identifiers.hpp"
#include "core/base/text.hpp"
#include "core/http/http_testing.hpp"

namespace mortise::http {
namespace {

// One spool thread, which the test can block like a stalled disk.
class SpoolTest : public testing::Test {
 protected:
  ~SpoolTest() override { pool_->stop(); }
  std::shared_ptr<Spool> open(const std::string& directory = std::filesystem::temp_directory_path().string()) {
    return std::make_shared<Spool>(pool_, all_, directory, [this] { ++told_; });
  }
  void holdUp() {
    ASSERT_TRUE(pool_->post([this] { gate_.get_future().wait(); }));
  }
  void goOn() { gate_.set_value(); }
  static std::string content(ByteSource& file) {
    std::string bytes(file.size(), '\0');
    bytes.resize(file.read(0, bytes));
    return bytes;
  }

  std::promise<void> gate_;
  std::atomic<std::uint64_t> all_{0};
  std::atomic<int> told_{0};
  const std::shared_ptr<WorkerPool> pool_ =
      std::make_shared<WorkerPool>("spool", 1, 100, [](const std::exception_ptr&) { ADD_FAILURE() << "a task threw"; });
};

TEST_F(SpoolTest, WritesFilesInOrderAndKnowsTheirDigests) {
  const auto spool = open();
  const std::string large(3 * Spool::kPiece + 17, 'l');
  spool->beginFile();
  spool->write("sm");
  spool->write("all");
  EXPECT_EQ(spool->size(), 5u);
  spool->beginFile();
  spool->write(large);
  spool->beginFile();
  spool->close();
  ASSERT_TRUE(eventually([&] { return spool->settled(); }));
  EXPECT_FALSE(spool->failure());
  const auto files = spool->takeFiles();
  ASSERT_EQ(files.size(), 3u);
  EXPECT_EQ(content(*files[0]), "small");
  EXPECT_EQ(content(*files[1]), large);
  EXPECT_EQ(content(*files[2]), "");
  EXPECT_EQ(files[1]->sha256(), text::hex(sha256(large)));
  EXPECT_TRUE(eventually([&] { return told_ == 1; }));
  EXPECT_EQ(all_.load(), 0u);
}

TEST_F(SpoolTest, AStalledDiskHoldsUpTheBodyAndIsToldWhenItGoesOn) {
  holdUp();
  const auto spool = open();
  spool->beginFile();
  const std::string piece(Spool::kPiece, 'p');
  std::size_t handed = 0;
  for (; !spool->full() && handed < 100 * Spool::kPiece; handed += piece.size()) spool->write(piece);
  EXPECT_EQ(handed, Spool::kWindow);
  EXPECT_EQ(all_.load(), Spool::kWindow);
  EXPECT_EQ(told_, 0);
  goOn();
  EXPECT_TRUE(eventually([&] { return told_ == 1; }));
  EXPECT_FALSE(spool->full());
  spool->close();
  ASSERT_TRUE(eventually([&] { return spool->settled(); }));
  EXPECT_EQ(spool->takeFiles().at(0)->size(), handed);
}

TEST_F(SpoolTest, ManyBodiesTogetherHaveABoundOfTheirOwn) {
  holdUp();
  all_ = Spool::kAllWindows;
  const auto spool = open();
  spool->beginFile();
  EXPECT_FALSE(spool->full()) << "each may have one piece under way";
  spool->write(std::string(Spool::kPiece, 'p'));
  EXPECT_TRUE(spool->full());
  goOn();
  EXPECT_TRUE(eventually([&] { return told_ == 1; }));
  EXPECT_FALSE(spool->full());
  EXPECT_EQ(all_.load(), Spool::kAllWindows);
}

TEST_F(SpoolTest, TellsOfADiskThatFails) {
  const auto spool = open("/nowhere");
  spool->beginFile();
  ASSERT_TRUE(eventually([&] { return spool->settled(); }));
  EXPECT_EQ(spool->failure().status, 500);
  EXPECT_TRUE(eventually([&] { return told_ == 1; }));
  spool->write(std::string(Spool::kPiece, 'x'));
  EXPECT_FALSE(spool->full()) << "a dead disk must not delay the client";
  spool->close();
  EXPECT_EQ(all_.load(), 0u);
}

TEST_F(SpoolTest, AnAbandonedBodyIsDropped) {
  holdUp();
  auto spool = open();
  spool->beginFile();
  spool->write(std::string(4 * Spool::kPiece, 'x'));
  EXPECT_GT(all_.load(), 0u);
  spool->abandon();
  EXPECT_EQ(all_.load(), 0u);
  const std::weak_ptr<Spool> watched = spool;
  spool.reset();
  goOn();
  EXPECT_TRUE(eventually([&] { return watched.expired(); }));
  EXPECT_EQ(told_, 0);
}

// The last close frees the file's bytes, for which it may wait for the disk.
TEST_F(SpoolTest, TheThreadOfThePoolClosesAFile) {
  const auto spool = open();
  spool->beginFile();
  spool->write("bytes");
  spool->close();
  ASSERT_TRUE(eventually([&] { return spool->settled(); }));
  auto files = spool->takeFiles();
  const int fd = files.at(0)->fd();
  const auto isOpen = [fd] { return ::fcntl(fd, F_GETFD) != -1; };
  holdUp();
  files.clear();
  EXPECT_TRUE(isOpen()) << "not closed by the thread that let it go";
  goOn();
  EXPECT_TRUE(eventually([&] { return !isOpen(); }));
}

TEST_F(SpoolTest, AFileThatOutlivesThePoolIsClosedByWhoeverLetsItGo) {
  const auto spool = open();
  spool->beginFile();
  spool->close();
  ASSERT_TRUE(eventually([&] { return spool->settled(); }));
  auto files = spool->takeFiles();
  const int fd = files.at(0)->fd();
  pool_->stop();
  files.clear();
  EXPECT_EQ(::fcntl(fd, F_GETFD), -1);
}

TEST_F(SpoolTest, TheThreadOfThePoolClosesTheFileOfABodyThatIsCutOff) {
  const auto openFiles = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator());
  };
  const auto before = openFiles();
  auto spool = open();
  spool->beginFile();
  spool->write(std::string(Spool::kPiece, 'x'));
  ASSERT_TRUE(eventually([&] { return openFiles() == before + 1 && all_ == 0; }));
  std::promise<void> idle;  // the turn that wrote the piece is over
  ASSERT_TRUE(pool_->post([&] { idle.set_value(); }));
  idle.get_future().wait();
  holdUp();
  spool->abandon();
  spool.reset();
  EXPECT_EQ(openFiles(), before + 1) << "not closed by the thread that cut it off";
  goOn();
  EXPECT_TRUE(eventually([&] { return openFiles() == before; }));
}

TEST_F(SpoolTest, ABodyWithoutFilesSettlesAtOnce) {
  holdUp();
  const auto spool = open();
  spool->close();
  EXPECT_TRUE(spool->settled());
  goOn();
}

}  // namespace
}  // namespace mortise::http

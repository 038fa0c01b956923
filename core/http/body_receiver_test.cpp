// What bodies take from the budget of memory, with any framing and destination.
#include "core/http/body_receiver.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "core/base/worker_pool.hpp"
#include "core/http/grow.hpp"

namespace mortise::http {
namespace {

class BodyReceiverTest : public testing::Test {
 protected:
  ~BodyReceiverTest() override { pool_->stop(); }
  // The code of the refusal that a body meets; empty when it is received whole. It arrives in pieces of `piece` bytes.
  std::string receive(BodyPlan::Kind kind, const std::string& body, bool chunked, std::size_t piece = 4 << 10) {
    Head head;
    head.fields.add("Content-Type", "multipart/form-data; boundary=b");
    head.chunked = chunked;
    if (!chunked) head.contentLength = body.size();
    BodyPlan plan;
    plan.kind = kind;
    Refusal refusal;
    const auto open = [this] {
      return std::make_shared<Spool>(pool_, all_, std::filesystem::temp_directory_path().string(), [] {});
    };
    const auto receiver = BodyReceiver::make(head, plan, open, BodyBudget::Share(budget_, "client"), refusal);
    if (!receiver) return std::string(refusal.code);
    for (std::size_t at = 0; at < body.size(); at += piece) {
      std::string bytes = body.substr(at, piece);
      if (chunked) {
        char size[24];
        std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
        bytes = size + bytes + "\r\n";
      }
      const std::size_t used = receiver->feed(bytes);
      if (receiver->refusal()) return std::string(receiver->refusal().code);
      EXPECT_EQ(used, bytes.size());
    }
    if (chunked) receiver->feed("0\r\n\r\n");
    EXPECT_TRUE(receiver->done());
    if (const Refusal last = receiver->close()) return std::string(last.code);
    used_ = budget_.used();
    return "";
  }
  static std::string form(std::size_t parts, const std::string& value, bool files) {
    std::string text;
    for (std::size_t i = 0; i < parts; ++i) {
      text += "--b\r\nContent-Disposition: form-data; name=\"n\"";
      if (files) text += "; filename=\"f\"";
      text += "\r\n\r\n" + value + "\r\n";
    }
    return text + "--b--\r\n";
  }

  BodyBudget budget_{1 << 20};
  std::uint64_t used_ = 0;  // while the last body was there
  std::atomic<std::uint64_t> all_{0};
  const std::shared_ptr<WorkerPool> pool_ =
      std::make_shared<WorkerPool>("spool", 1, 100, [](const std::exception_ptr&) { ADD_FAILURE() << "a task threw"; });
};

using Kind = BodyPlan::Kind;

TEST_F(BodyReceiverTest, SmallBodiesPassWhateverOthersTake) {
  BodyBudget::Share others(budget_, "");
  ASSERT_TRUE(others.cover(BodyBudget::kFree + (1 << 20)));
  const std::string most(BodyBudget::kFree, 'x');
  for (const bool chunked : {false, true}) {
    for (const std::size_t piece : {std::size_t{100}, std::size_t{9000}, most.size()}) {
      SCOPED_TRACE((chunked ? "chunked " : "announced ") + std::to_string(piece));
      EXPECT_EQ(receive(Kind::memory, most, chunked, piece), "");
      EXPECT_EQ(receive(Kind::spool, most, chunked, piece), "");
      EXPECT_EQ(receive(Kind::multipart, form(1, "hello", false), chunked, piece), "");
      EXPECT_EQ(receive(Kind::multipart, form(1, std::string(16'000, 'x'), false), chunked, piece), "");
      EXPECT_EQ(receive(Kind::multipart, form(1, std::string(16'000, 'x'), true), chunked, piece), "");
      EXPECT_EQ(receive(Kind::multipart, form(100, std::string(80, 'x'), false), chunked, piece), "");
      EXPECT_EQ(receive(Kind::multipart, form(100, std::string(60, 'x'), true), chunked, piece), "");
      EXPECT_EQ(receive(Kind::memory, most + "x", chunked, piece), "overloaded");
      EXPECT_EQ(receive(Kind::spool, most + "x", chunked, piece), "overloaded");
      EXPECT_EQ(receive(Kind::multipart, form(1, most, false), chunked, piece), "overloaded");
      EXPECT_EQ(receive(Kind::multipart, form(1, most, true), chunked, piece), "overloaded");
    }
  }
}

TEST_F(BodyReceiverTest, LargerOnesTakeWhatTheyNeed) {
  EXPECT_EQ(receive(Kind::memory, std::string(300'000, 'x'), false), "");
  EXPECT_EQ(used_, (300'000 - BodyBudget::kFree + BodyBudget::kStep - 1) / BodyBudget::kStep * BodyBudget::kStep)
      << "no more than announced";
  EXPECT_EQ(receive(Kind::memory, std::string(300'000, 'x'), true), "");
  EXPECT_GE(used_, 300'000 - BodyBudget::kFree);
  EXPECT_LE(used_, 600'000u);
  EXPECT_EQ(receive(Kind::spool, std::string(300'000, 'x'), true), "");
  EXPECT_EQ(used_, Spool::kPiece) << "the rest is on disk";
  EXPECT_EQ(receive(Kind::multipart, form(1, std::string(300'000, 'x'), true), true), "");
  EXPECT_EQ(used_, Spool::kPiece);
  EXPECT_EQ(receive(Kind::multipart, form(4, std::string(60'000, 'x'), false), true), "");
  EXPECT_GE(used_, Spool::kPiece + 240'000 - BodyBudget::kFree);
  EXPECT_EQ(budget_.used(), 0u);
}

TEST(Grow, TakesNoMoreThanAsked) {
  std::string text(1000, 'x');
  growTo(text, 1100);
  EXPECT_EQ(text.capacity(), 1100u);
  EXPECT_EQ(text, std::string(1000, 'x'));
}

}  // namespace
}  // namespace mortise::http

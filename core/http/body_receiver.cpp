#include "core/http/body_receiver.hpp"

#include <algorithm>

#include "core/http/multipart_splitter.hpp"
#include "core/http/request_exchange.hpp"
#include "core/http/spool_writer.hpp"

namespace mortise::http {
namespace {

constexpr std::size_t kReserved = 64 << 10;  // never more on the mere announcement of a length

Refusal tooLarge(std::uint64_t limit) {
  return Refusal(413, "payload_too_large", "the body is larger than " + std::to_string(limit) + " bytes");
}

class MemorySink final : public BodySink {
 public:
  explicit MemorySink(std::uint64_t announced) { body_.reserve(std::min<std::uint64_t>(announced, kReserved)); }
  Refusal take(std::string_view bytes) override {
    body_.append(bytes);
    return Refusal();
  }
  Refusal finish(RequestExchange& exchange) override {
    exchange.setBody(std::move(body_));
    return Refusal();
  }

 private:
  std::string body_;
};

class SpoolSink final : public BodySink {
 public:
  Refusal open(const std::string& directory) { return writer_.open(directory); }
  Refusal take(std::string_view bytes) override { return writer_.write(bytes); }
  Refusal finish(RequestExchange& exchange) override {
    exchange.setSpooled(writer_.finish());
    return Refusal();
  }

 private:
  SpoolWriter writer_;
};

class MultipartSink final : public BodySink, private MultipartSplitter::Sink {
 public:
  MultipartSink(const std::string& boundary, const BodyPlan& plan, std::string directory)
      : plan_(plan), directory_(std::move(directory)), splitter_(boundary, plan.maxParts, *this) {}

  Refusal take(std::string_view bytes) override { return splitter_.feed(bytes); }
  Refusal finish(RequestExchange& exchange) override {
    if (Refusal refusal = splitter_.finish()) return refusal;
    exchange.setParts(std::move(parts_));
    return Refusal();
  }

 private:
  Refusal beginPart(PartHead head) override {
    Part part;
    part.name = std::move(head.name);
    part.filename = std::move(head.filename);
    part.contentType = std::move(head.contentType);
    part.isFile = head.isFile;
    parts_.push_back(std::move(part));
    return head.isFile ? writer_.open(directory_) : Refusal();
  }
  Refusal partData(std::string_view bytes) override {
    Part& part = parts_.back();
    if (part.isFile) {
      if (bytes.size() > plan_.partLimit || writer_.size() > plan_.partLimit - bytes.size())
        return tooLarge(plan_.partLimit);
      return writer_.write(bytes);
    }
    if (bytes.size() > plan_.maxFieldBytes || part.value.size() > plan_.maxFieldBytes - bytes.size()) {
      return Refusal(413, "payload_too_large",
                     "a form field is larger than " + std::to_string(plan_.maxFieldBytes) + " bytes");
    }
    part.value.append(bytes);
    return Refusal();
  }
  Refusal endPart() override {
    if (parts_.back().isFile) parts_.back().file = writer_.finish();
    return Refusal();
  }

  const BodyPlan plan_;
  const std::string directory_;
  std::vector<Part> parts_;
  SpoolWriter writer_;
  MultipartSplitter splitter_;
};

}  // namespace

std::unique_ptr<BodyReceiver> BodyReceiver::make(const Head& head, const BodyPlan& plan,
                                                 const std::string& spoolDirectory, Refusal& refusal) {
  const std::uint64_t announced = head.contentLength.value_or(0);
  if (!head.chunked && announced > plan.limit) {
    refusal = tooLarge(plan.limit);
    return nullptr;
  }
  std::unique_ptr<BodySink> sink;
  switch (plan.kind) {
    case BodyPlan::Kind::memory:
      sink = std::make_unique<MemorySink>(announced);
      break;
    case BodyPlan::Kind::spool: {
      auto spool = std::make_unique<SpoolSink>();
      refusal = spool->open(spoolDirectory);
      sink = std::move(spool);
      break;
    }
    case BodyPlan::Kind::multipart: {
      const std::string boundary = MultipartSplitter::boundaryOf(head.fields.get("content-type"));
      if (boundary.empty()) {
        refusal = Refusal(400, "bad_multipart", "Content-Type is not multipart/form-data with a boundary");
      } else {
        sink = std::make_unique<MultipartSink>(boundary, plan, spoolDirectory);
      }
      break;
    }
  }
  if (refusal) return nullptr;
  return std::unique_ptr<BodyReceiver>(new BodyReceiver(std::move(sink), head.chunked, announced, plan.limit));
}

std::size_t BodyReceiver::feed(std::string_view bytes) {
  if (!chunked_) {
    const std::size_t run = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
    refusal_ = sink_->take(bytes.substr(0, run));
    left_ -= run;
    done_ = left_ == 0;
    return run;
  }
  std::size_t used = 0;
  while (used < bytes.size() && !decoder_.done()) {
    const ChunkedDecoder::Step step = decoder_.feed(bytes.substr(used));
    used += step.consumed;
    if (decoder_.failed()) {
      refusal_ = Refusal(400, "bad_request", decoder_.failure());
      return used;
    }
    if (step.data.empty()) continue;
    taken_ += step.data.size();
    refusal_ = taken_ > limit_ ? tooLarge(limit_) : sink_->take(step.data);
    if (refusal_) return used;
  }
  done_ = decoder_.done();
  return used;
}

}  // namespace mortise::http

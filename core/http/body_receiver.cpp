#include "core/http/body_receiver.hpp"

#include <algorithm>

#include "core/http/multipart_splitter.hpp"
#include "core/http/request_exchange.hpp"

namespace mortise::http {
namespace {

constexpr std::size_t kReserved = 64 << 10;  // at most this much is reserved for an announced length

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
  Refusal close() override { return Refusal(); }
  Refusal deliver(RequestExchange& exchange) override {
    exchange.setBody(std::move(body_));
    return Refusal();
  }

 private:
  std::string body_;
};

class SpoolSink final : public BodySink {
 public:
  explicit SpoolSink(std::shared_ptr<Spool> spool) : spool_(std::move(spool)) { spool_->beginFile(); }
  Refusal take(std::string_view bytes) override {
    spool_->write(bytes);
    return Refusal();
  }
  Refusal close() override {
    spool_->close();
    return Refusal();
  }
  Refusal deliver(RequestExchange& exchange) override {
    exchange.setSpooled(spool_->takeFiles().at(0));
    return Refusal();
  }

 private:
  const std::shared_ptr<Spool> spool_;
};

class MultipartSink final : public BodySink, private MultipartSplitter::Sink {
 public:
  MultipartSink(const std::string& boundary, const BodyPlan& plan, std::shared_ptr<Spool> spool)
      : plan_(plan), spool_(std::move(spool)), splitter_(boundary, plan.maxParts, *this) {}

  Refusal take(std::string_view bytes) override { return splitter_.feed(bytes); }
  Refusal close() override {
    if (Refusal refusal = splitter_.finish()) return refusal;
    spool_->close();
    return Refusal();
  }
  Refusal deliver(RequestExchange& exchange) override {
    auto files = spool_->takeFiles();
    auto file = files.begin();
    for (Part& part : parts_) {
      if (part.isFile) part.file = std::move(*file++);
    }
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
    if (head.isFile) spool_->beginFile();
    return Refusal();
  }
  Refusal partData(std::string_view bytes) override {
    Part& part = parts_.back();
    if (part.isFile) {
      if (bytes.size() > plan_.partLimit || spool_->size() > plan_.partLimit - bytes.size())
        return tooLarge(plan_.partLimit);
      spool_->write(bytes);
      return Refusal();
    }
    if (bytes.size() > plan_.maxFieldBytes || part.value.size() > plan_.maxFieldBytes - bytes.size()) {
      return Refusal(413, "field_too_large",
                     "a form field is larger than " + std::to_string(plan_.maxFieldBytes) + " bytes");
    }
    part.value.append(bytes);
    return Refusal();
  }
  Refusal endPart() override { return Refusal(); }

  const BodyPlan plan_;
  const std::shared_ptr<Spool> spool_;
  std::vector<Part> parts_;
  MultipartSplitter splitter_;
};

}  // namespace

std::unique_ptr<BodyReceiver> BodyReceiver::make(const Head& head, const BodyPlan& plan, const OpenSpool& openSpool,
                                                 Refusal& refusal) {
  const std::uint64_t announced = head.contentLength.value_or(0);
  if (!head.chunked && announced > plan.limit) {
    refusal = tooLarge(plan.limit);
    return nullptr;
  }
  std::unique_ptr<BodySink> sink;
  std::shared_ptr<Spool> spool;
  switch (plan.kind) {
    case BodyPlan::Kind::memory:
      sink = std::make_unique<MemorySink>(announced);
      break;
    case BodyPlan::Kind::spool:
      spool = openSpool();
      sink = std::make_unique<SpoolSink>(spool);
      break;
    case BodyPlan::Kind::multipart: {
      const std::string boundary = MultipartSplitter::boundaryOf(head.fields.get("content-type"));
      if (boundary.empty()) {
        refusal = Refusal(400, "bad_multipart", "Content-Type is not multipart/form-data with a boundary");
        return nullptr;
      }
      spool = openSpool();
      sink = std::make_unique<MultipartSink>(boundary, plan, spool);
      break;
    }
  }
  return std::unique_ptr<BodyReceiver>(
      new BodyReceiver(std::move(sink), std::move(spool), head.chunked, announced, plan.limit));
}

BodyReceiver::~BodyReceiver() {
  if (spool_) spool_->abandon();
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

#include "core/http/body_receiver.hpp"

#include <algorithm>

#include "core/http/grow.hpp"
#include "core/http/multipart_splitter.hpp"
#include "core/http/request_exchange.hpp"

namespace mortise::http {
namespace {

constexpr std::uint64_t kReserved = 64 << 10;  // at most this much is reserved for an announced length

Refusal tooLarge(std::uint64_t limit) {
  return Refusal(413, "payload_too_large", "the body is larger than " + std::to_string(limit) + " bytes");
}

Refusal noMemory() { return Refusal(503, "overloaded", "the bodies of other requests take all of http.body_memory"); }

// Room for the piece of a body that goes to disk, and for `held` bytes beside it, of which `size` bytes are there or
// announced. A small body is free, whatever its parts take: their number has a limit.
bool coverPiece(BodyBudget::Share& share, std::uint64_t size, std::uint64_t held = 0) {
  static_assert(Spool::kSmallPiece <= BodyBudget::kFree);
  return size <= BodyBudget::kFree || share.cover(Spool::kPiece + held);
}

class MemorySink final : public BodySink {
 public:
  MemorySink(std::uint64_t announced, BodyBudget::Share share) : announced_(announced), share_(std::move(share)) {}
  Refusal take(std::string_view bytes) override {
    const std::size_t size = body_.size() + bytes.size();
    if (size > body_.capacity()) {
      // Doubling, but no further than the announced length, or than what is free while that is enough: the capacity is
      // what counts.
      std::uint64_t target = std::max<std::uint64_t>(2 * body_.capacity(), std::min(announced_, kReserved));
      if (announced_ > 0) target = std::min(target, announced_);
      if (size <= BodyBudget::kFree) target = std::min(target, std::max(announced_, BodyBudget::kFree));
      target = std::max<std::uint64_t>(target, size);
      if (!share_.cover(target)) return noMemory();
      growTo(body_, target);
    }
    body_.append(bytes);
    return Refusal();
  }
  Refusal close() override { return Refusal(); }
  Refusal deliver(RequestExchange& exchange) override {
    exchange.setBody(std::move(body_), std::move(share_));
    return Refusal();
  }

 private:
  const std::uint64_t announced_;
  BodyBudget::Share share_;
  std::string body_;
};

class DroppingSink final : public BodySink {
 public:
  Refusal take(std::string_view) override { return Refusal(); }
  Refusal close() override { return Refusal(); }
  Refusal deliver(RequestExchange&) override { return Refusal(); }
};

class SpoolSink final : public BodySink {
 public:
  SpoolSink(std::shared_ptr<Spool> spool, BodyBudget::Share share)
      : spool_(std::move(spool)), share_(std::move(share)) {
    spool_->beginFile();
  }
  Refusal take(std::string_view bytes) override {
    received_ += bytes.size();
    if (!coverPiece(share_, received_)) return noMemory();
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
  BodyBudget::Share share_;  // of the piece that is not at the disk yet
  std::uint64_t received_ = 0;
};

class MultipartSink final : public BodySink, private MultipartSplitter::Sink {
 public:
  MultipartSink(const std::string& boundary, const BodyPlan& plan, std::shared_ptr<Spool> spool,
                BodyBudget::Share share)
      : plan_(plan), spool_(std::move(spool)), share_(std::move(share)), splitter_(boundary, plan.maxParts, *this) {}

  Refusal take(std::string_view bytes) override {
    received_ += bytes.size();
    if (!hold(0)) return noMemory();
    return splitter_.feed(bytes);
  }
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
    exchange.setParts(std::move(parts_), std::move(share_));
    return Refusal();
  }

 private:
  // Of the fields and of the names of the parts; the files are on disk.
  bool hold(std::size_t more) {
    held_ += more;
    return coverPiece(share_, received_, held_);
  }
  Refusal beginPart(PartHead head) override {
    if (!hold(sizeof(Part) + head.name.size() + head.filename.size() + head.contentType.size())) return noMemory();
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
    const std::size_t size = part.value.size() + bytes.size();
    const std::size_t capacity = part.value.capacity();
    if (size > capacity) {
      const std::size_t target = std::max(size, std::min(2 * capacity, plan_.maxFieldBytes));
      if (!hold(target - capacity)) return noMemory();
      growTo(part.value, target);
    }
    part.value.append(bytes);
    return Refusal();
  }
  Refusal endPart() override { return Refusal(); }

  const BodyPlan plan_;
  const std::shared_ptr<Spool> spool_;
  BodyBudget::Share share_;
  std::uint64_t received_ = 0;
  std::uint64_t held_ = 0;
  std::vector<Part> parts_;
  MultipartSplitter splitter_;
};

}  // namespace

std::unique_ptr<BodyReceiver> BodyReceiver::make(const Head& head, const BodyPlan& plan, const OpenSpool& openSpool,
                                                 BodyBudget::Share share, Refusal& refusal) {
  const std::uint64_t announced = head.contentLength.value_or(0);
  if (!head.chunked && announced > plan.limit) {
    refusal = tooLarge(plan.limit);
    return nullptr;
  }
  std::unique_ptr<BodySink> sink;
  std::shared_ptr<Spool> spool;
  switch (plan.kind) {
    case BodyPlan::Kind::memory:
      sink = std::make_unique<MemorySink>(announced, std::move(share));
      break;
    case BodyPlan::Kind::spool:
      if (!coverPiece(share, announced)) {
        refusal = noMemory();
        return nullptr;
      }
      spool = openSpool();
      sink = std::make_unique<SpoolSink>(spool, std::move(share));
      break;
    case BodyPlan::Kind::multipart: {
      const auto type = head.fields.get("content-type");
      if (!MultipartSplitter::isForm(type)) {  // no form, so no parts: what they were needed for is the application's
        sink = std::make_unique<DroppingSink>();
        break;
      }
      const std::string boundary = MultipartSplitter::boundaryOf(type);
      if (boundary.empty()) {
        refusal = Refusal(400, "bad_multipart", "the Content-Type multipart/form-data has no usable boundary");
        return nullptr;
      }
      if (!coverPiece(share, announced)) {
        refusal = noMemory();
        return nullptr;
      }
      spool = openSpool();
      sink = std::make_unique<MultipartSink>(boundary, plan, spool, std::move(share));
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

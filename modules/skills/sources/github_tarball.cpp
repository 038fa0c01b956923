#include <mortise/percent.hpp>
#include <mortise/problem.hpp>

#include <algorithm>
#include <exception>
#include <string>
#include <thread>

#include "sources/archive_reader.hpp"
#include "sources/github_source.hpp"
#include "sources/piece_queue.hpp"
#include "sources/validator.hpp"

namespace skills {
namespace {

constexpr std::string_view kKind = "github tarball";
constexpr std::uint64_t kMaxTarball = std::uint64_t{512} << 20;
constexpr std::string_view kGzipMagic = "\x1F\x8B";

// Reads the archive on a thread of its own while this one receives it: libarchive asks for bytes, the HTTP client hands
// them out.
class ArchiveOnTheWay {
 public:
  ArchiveOnTheWay(const GithubTree& tree, const Cancellation& cancelled) : tree_(tree), cancelled_(cancelled) {}
  ~ArchiveOnTheWay() { stop(); }
  ArchiveOnTheWay(const ArchiveOnTheWay&) = delete;
  ArchiveOnTheWay& operator=(const ArchiveOnTheWay&) = delete;

  // A piece of some answer's body; redirects and errors have bodies too, which no gzip is. False: no more is wanted.
  bool take(std::string_view piece) {
    if (cancelled_.isSet()) return false;
    if (head_.size() < kGzipMagic.size()) {
      const auto missing = std::min(kGzipMagic.size() - head_.size(), piece.size());
      head_ += piece.substr(0, missing);
      piece.remove_prefix(missing);
      if (head_.size() < kGzipMagic.size()) return true;
      if (head_ == kGzipMagic) start();
    }
    return !reader_.joinable() || queue_.push(piece);
  }

  // The next answer begins.
  void restart() {
    if (!reader_.joinable()) head_.clear();
  }

  // The answer is there whole: what it held.
  Bundle finish() {
    if (!reader_.joinable()) throw mortise::Problem(422, "skill_archive_damaged").with("reason", "it is no gzip file");
    stop();
    if (thrown_) std::rethrow_exception(thrown_);
    return std::move(bundle_);
  }

  // There is no whole answer: if that is so because of what the reader found in it, that is the reason.
  void rethrowRefusal() {
    const bool refused = queue_.isAbandoned();
    stop();
    if (refused && thrown_) std::rethrow_exception(thrown_);
  }

 private:
  void start() {
    queue_.push(kGzipMagic);
    reader_ = std::thread([this] { read(); });
  }

  void read() noexcept {
    try {
      bundle_ = bundleOfRepository([this] { return queue_.pop(); }, tree_.path, cancelled_);
      while (!queue_.pop().empty()) {
        // What follows the archive's end is received, or the sender would see a broken connection.
      }
    } catch (...) {
      thrown_ = std::current_exception();
    }
    queue_.abandon();
  }

  void stop() {
    queue_.end();
    if (reader_.joinable()) reader_.join();
  }

  const GithubTree& tree_;
  const Cancellation& cancelled_;
  std::string head_;
  PieceQueue queue_;
  Bundle bundle_;
  std::exception_ptr thrown_;  // of the reader, to be looked at when it has ended
  std::thread reader_;
};

}  // namespace

Fetched fetchTarball(const GithubClient& client, const GithubTree& tree, std::string_view validator,
                     const Cancellation& cancelled) {
  auto known = Validator::parse(validator, kKind, tree.url());
  ArchiveOnTheWay archive(tree, cancelled);
  GithubQuery query;
  query.url = client.apiUrl(tree.repositoryPath() + "/tarball/" + mortise::percentEncoded(tree.ref));
  query.path = tree.path;
  query.accept = "application/vnd.github+json";
  query.etag = known.etags[""];
  query.most = kMaxTarball;
  query.isArchive = true;
  query.onRequest = [&] { archive.restart(); };
  query.onPiece = [&](std::string_view piece) { return archive.take(piece); };
  Fetched fetched;
  try {
    const auto answer = client.get(query);
    if (answer.unchanged) {
      fetched.unchanged = true;
      fetched.validator = validator;
      return fetched;
    }
    known.etags[""] = answer.etag;
  } catch (const mortise::Problem&) {
    archive.rethrowRefusal();
    throw;
  }
  fetched.bundle = archive.finish();
  fetched.validator = known.toText();
  return fetched;
}

}  // namespace skills

// What the end-to-end tests poke. See README.md one folder up.
#include <mortise/blobs.hpp>
#include <mortise/module.hpp>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include <zlib.h>

namespace {

using mortise::Problem;
using mortise::Reply;
using mortise::Request;
namespace json = mortise::json;

std::uint32_t checksum(const mortise::File& file) {
  const auto buffer = std::make_unique<char[]>(1 << 18);
  uLong sum = crc32(0, nullptr, 0);
  for (std::uint64_t offset = 0; offset < file.size();) {
    const auto count = file.read(offset, buffer.get(), 1 << 18);
    if (count == 0) throw std::runtime_error("the file is shorter than it says");
    sum = crc32(sum, reinterpret_cast<const Bytef*>(buffer.get()), static_cast<uInt>(count));
    offset += count;
  }
  return static_cast<std::uint32_t>(sum);
}

class Probe final : public mortise::Module {
 public:
  explicit Probe(mortise::Host host) : db_(host.db()), blobs_(host.blobs()) {}

  void bind(mortise::Bindings& on) override {
    on.operation("hello", &Probe::hello);
    on.operation("addPair", &Probe::addPair);
    on.operation("listPairs", &Probe::listPairs);
    on.operation("readPair", &Probe::readPair);
    on.operation("whoAmI", &Probe::whoAmI);
    on.operation("whoAmIFromWorker", &Probe::whoAmI);
    on.operation("slow", &Probe::slow);
    on.operation("throwIt", &Probe::throwIt);
    on.operation("putFile", &Probe::putFile);
    on.operation("getFile", &Probe::getFile);
  }

 private:
  Reply hello(const Request&) { return Reply::ok(json::object({{"hello", "world"}})); }

  Reply addPair(const Request& request) {
    const auto id = request.body()["id"].text();
    const auto text = request.body()["text"].text();
    db_.transaction([&](mortise::Db::Session& session) {
      session.execute("INSERT INTO probe_pairs (id, half, content) VALUES (:id, 'left', :content)",
                      {{"id", id}, {"content", text}});
      session.execute("INSERT INTO probe_pairs (id, half, content) VALUES (:id, 'right', :content)",
                      {{"id", id}, {"content", text}});
    });
    if (const auto delay = request.body()["delay_ms"]; delay.exists()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(delay.integer()));
    }
    return Reply::created(json::object({{"id", id}}));
  }

  Reply listPairs(const Request&) {
    json::List pairs;
    db_.each<std::string, std::int64_t>("SELECT id, COUNT(*) FROM probe_pairs GROUP BY id ORDER BY id", {},
                                        [&](const std::string& id, std::int64_t halves) {
                                          pairs.add(json::object({{"id", id}, {"halves", halves}}));
                                        });
    return Reply::ok(json::object({{"pairs", pairs.build()}}));
  }

  Reply readPair(const Request& request) {
    const auto row = db_.queryOne<std::string>("SELECT content FROM probe_pairs WHERE id = :id AND half = 'left'",
                                               {{"id", request.path("id")}});
    if (!row) throw Problem(404, "probe_pair_unknown");
    return Reply::ok(json::object({{"id", request.path("id")}, {"text", *row}}));
  }

  Reply whoAmI(const Request& request) { return Reply::ok(json::object({{"hello", request.principal().username}})); }

  Reply slow(const Request& request) {
    std::this_thread::sleep_for(std::chrono::milliseconds(request.query("ms").integer(0)));
    return Reply::ok(json::object({{"slept_ms", request.query("ms").integer(0)}}));
  }

  Reply throwIt(const Request& request) {
    const std::string what(request.query("what").text(""));
    if (what == "int") throw 42;
    if (what == "string") throw std::string("secret of the house");
    if (what == "exception") throw std::runtime_error("secret of the house");
    throw Problem(409, "probe_conflict").note("secret of the house");
  }

  Reply putFile(const Request& request) {
    const auto file = request.bodyFile();
    if (!file) throw Problem(422, "validation_error").field("body", "missing");
    const auto blob = blobs_.put(*file);
    return Reply::created(json::object({{"id", blob.sha256}, {"size", blob.size}, {"crc32", checksum(*file)}}));
  }

  Reply getFile(const Request& request) {
    const std::string id(request.path("id"));
    return Reply::file(blobs_.open("probe/" + id), "application/octet-stream", "größe 1.bin", id);
  }

  mortise::Db db_;
  mortise::Blobs blobs_;
};

}  // namespace

MORTISE_MODULE(Probe)

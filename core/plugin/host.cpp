#include "core/plugin/host.hpp"

#include <algorithm>
#include <stdexcept>

#include "core/config/config.hpp"
#include "core/ops/health.hpp"
#include "core/ops/log.hpp"
#include "core/plugin/base_url.hpp"
#include "core/plugin/callback_gate.hpp"
#include "core/plugin/host_errors.hpp"
#include "core/plugin/host_tables.hpp"
#include "core/plugin/job_book.hpp"
#include "core/plugin/manifest.hpp"
#include "core/plugin/registry.hpp"
#include "core/services/limits/bucket.hpp"

namespace mortise::plugin {
namespace {

mortise_value textValue(const std::string& text) {
  mortise_value value{};
  value.type = MORTISE_TEXT;
  value.as.text = str(text);
  return value;
}

mortise_value integerValue(std::int64_t number) {
  mortise_value value{};
  value.type = MORTISE_INTEGER;
  value.as.integer = number;
  return value;
}

mortise_value booleanValue(bool truth) {
  mortise_value value{};
  value.type = MORTISE_BOOLEAN;
  value.as.boolean = truth ? 1 : 0;
  return value;
}

}  // namespace

Host::Host(std::shared_ptr<const Manifest> manifest, const HostServices& services)
    : manifest_(std::move(manifest)),
      services_(services),
      gate_(std::make_shared<CallbackGate>(manifest_->name, services.metrics)),
      jobs_(std::make_unique<JobBook>(*this)) {
  raw_ = rawFor(face_);
  readOptions();
}

mortise_host Host::rawFor(HostFace& face) {
  mortise_host raw{};
  raw.struct_size = sizeof raw;
  raw.abi_major = MORTISE_ABI_MAJOR;
  raw.abi_minor = MORTISE_ABI_MINOR;
  raw.kernel = &face;
  raw.lookup = &Host::lookup;
  return raw;
}

Host::~Host() { takeBack(); }

const std::string& Host::moduleName() const { return manifest_->name; }

// Stored permanently: config/1 returns pointers into them.
void Host::readOptions() {
  for (const auto& [name, text] : services_.server) {
    auto& entry = server_[name];
    entry.texts.push_back(text);
    entry.values.push_back(textValue(entry.texts.front()));
  }
  if (services_.config == nullptr) return;
  const auto& config = *services_.config;
  for (const auto& declared : manifest_->options) {
    const auto name = declared.name();
    if (config.table().find(name) == nullptr)
      throw std::logic_error("option " + name + " is not in the configuration's table");
    auto& entry = options_[declared.key];
    switch (declared.type) {
      case config::Type::string:
        entry.texts.push_back(config.text(name));
        break;
      case config::Type::list:
        entry.texts = config.list(name);
        break;
      case config::Type::boolean:
        entry.values.push_back(booleanValue(config.boolean(name)));
        break;
      case config::Type::integer:
      case config::Type::duration:
      case config::Type::size:
        entry.values.push_back(integerValue(config.integer(name)));
        break;
    }
    for (const auto& text : entry.texts) entry.values.push_back(textValue(text));
  }
}

const mortise_value* Host::option(std::string_view name, std::size_t index) const {
  const auto entry = options_.find(name);
  return entry == options_.end() || index >= entry->second.values.size() ? nullptr : &entry->second.values[index];
}

bool Host::hasOption(std::string_view name) const { return options_.contains(name); }

const mortise_value* Host::serverValue(std::string_view name) const {
  if (name == "http.base_url") return services_.baseUrl == nullptr ? nullptr : services_.baseUrl->value();
  const auto entry = server_.find(name);
  return entry == server_.end() ? nullptr : &entry->second.values.front();
}

void Host::useBuckets(std::vector<std::shared_ptr<const services::limits::Bucket>> buckets) {
  buckets_ = std::move(buckets);
}

const services::limits::Bucket* Host::bucket(std::string_view name) const {
  const auto full =
      name.find('.') == std::string_view::npos ? manifest_->name + "." + std::string(name) : std::string(name);
  const auto entry =
      std::find_if(buckets_.begin(), buckets_.end(), [&](const auto& bucket) { return bucket->name == full; });
  return entry == buckets_.end() ? nullptr : entry->get();
}

const void* Host::lookup(mortise_host* host, mortise_str name) noexcept {
  if (host == nullptr) return nullptr;
  auto& self = of(host);
  return guardedOr<const void*>(&self, "lookup", nullptr, [&] { return self.find(view(name)); });
}

const void* Host::find(std::string_view name) {
  if (!manifest_->declares(name)) {
    const std::lock_guard lock(mutex_);
    if (warned_.emplace(name).second) {
      log::warning("module asked for an interface it does not declare; add it to needs or optional in module.yaml",
                   {{"module", moduleName()}, {"interface", name}});
    }
    return nullptr;
  }
  for (const auto& served : servedInterfaces()) {
    if (served.name == name) return served.available(services_) ? served.table : nullptr;
  }
  return services_.provided == nullptr ? nullptr : services_.provided->lookup(name);
}

void Host::keepCheck(std::string name) {
  const std::lock_guard lock(mutex_);
  checks_.push_back(std::move(name));
}

void Host::endChecks() noexcept {
  guardedOr(this, "ending checks", 0, [&] {
    std::vector<std::string> mine;
    {
      const std::lock_guard lock(mutex_);
      mine.swap(checks_);
    }
    for (const auto& name : mine) services_.health->remove(name);
    return 0;
  });
}

std::uint64_t Host::hold(const char* what, std::function<void()> forget) {
  const std::lock_guard lock(mutex_);
  const auto id = nextHeld_++;
  held_.emplace(id, Held{what, std::move(forget)});
  return id;
}

void Host::release(std::uint64_t id) noexcept {
  std::map<std::uint64_t, Held>::node_type
      gone;  // destroyed outside the lock, because destroying the function may take other locks
  const std::lock_guard lock(mutex_);
  gone = held_.extract(id);
  if (gone.empty()) gone = spent_.extract(id);
}

void Host::takeBack() noexcept {
  stopping_.store(true);
  endChecks();
  gate_->close();
  jobs_->close();
  std::vector<Held> left;
  try {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, held] : held_) left.push_back(held);
    spent_.merge(held_);
    held_.clear();
  } catch (...) {
    answerCurrentException(this, "taking back", nullptr);
  }
  for (const auto& held : left) {
    try {
      log::debug("taken back from a module", {{"module", moduleName()}, {"what", held.what}});
      held.forget();
    } catch (...) {
      answerCurrentException(this, "taking back", nullptr);
    }
  }
}

std::span<const ServedInterface> servedInterfaces() {
#define MORTISE_SERVE(table, name) serve<table>(name),
  static const ServedInterface kAll[] = {MORTISE_HOST_INTERFACES(MORTISE_SERVE)};
#undef MORTISE_SERVE
  return kAll;
}

}  // namespace mortise::plugin

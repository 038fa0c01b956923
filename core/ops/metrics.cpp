#include "core/ops/metrics.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <stdexcept>

namespace mortise::ops {
namespace {

constexpr char kCounter = 'c';
constexpr char kGauge = 'g';
constexpr char kHistogram = 'h';

std::string_view typeOf(char kind) { return kind == kCounter ? "counter" : kind == kGauge ? "gauge" : "histogram"; }

bool isName(std::string_view name, bool colonAllowed) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  return std::all_of(name.begin(), name.end(), [colonAllowed](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (colonAllowed && c == ':');
  });
}

void appendEscaped(std::string& out, std::string_view text, bool inQuotes) {
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && inQuotes) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
}

std::string labelText(const Labels& labels) {
  std::string out;
  for (const auto& [name, value] : labels) {
    if (!out.empty()) out += ',';
    out += name;
    out += "=\"";
    appendEscaped(out, value, true);
    out += '"';
  }
  return out;
}

std::string number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value);
  return {buffer, end.ptr};
}

void appendSample(std::string& out, std::string_view name, std::string_view suffix, std::string_view labels,
                  std::string_view extraLabel, std::string_view value) {
  out += name;
  out += suffix;
  if (!labels.empty() || !extraLabel.empty()) {
    out += '{';
    out += labels;
    if (!labels.empty() && !extraLabel.empty()) out += ',';
    out += extraLabel;
    out += '}';
  }
  out += ' ';
  out += value;
  out += '\n';
}

}  // namespace

struct Registry::Series {
  std::unique_ptr<Counter> counter;
  std::unique_ptr<Gauge> gauge;
  std::unique_ptr<Histogram> histogram;
  std::function<double()> read;
};

struct Registry::Family {
  std::string help;
  char kind = kCounter;
  std::map<std::string, Series> series;  // by rendered labels
};

Registry::Registry() = default;
Registry::~Registry() = default;

Histogram::Histogram(std::vector<double> upperBounds)
    : bounds_(std::move(upperBounds)), counts_(new std::atomic<std::uint64_t>[bounds_.size() + 1]()) {
  if (!std::is_sorted(bounds_.begin(), bounds_.end())) throw std::logic_error("histogram bounds must ascend");
}

void Histogram::observe(double value) {
  const auto at = std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin();
  counts_[static_cast<std::size_t>(at)].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

const std::vector<double>& durationBuckets() {
  static const std::vector<double> kBuckets{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                            0.1,    0.25,  0.5,    1,     2.5,  5,     10};
  return kBuckets;
}

Registry::Series& Registry::series(std::string_view name, std::string_view help, char kind, const Labels& labels) {
  auto entry = families_.find(name);
  if (entry == families_.end()) {
    if (!isName(name, true)) throw std::logic_error("metric name not allowed: " + std::string(name));
    auto family = std::make_unique<Family>();
    family->help = help;
    family->kind = kind;
    entry = families_.emplace(name, std::move(family)).first;
  }
  if (entry->second->kind != kind) {
    throw std::logic_error("metric " + std::string(name) + " is a " + std::string(typeOf(entry->second->kind)) +
                           ", not a " + std::string(typeOf(kind)));
  }
  for (const auto& label : labels) {
    if (!isName(label.first, false) || label.first == "le" || label.first.starts_with("__")) {
      throw std::logic_error("label name not allowed: " + label.first);
    }
  }
  return entry->second->series[labelText(labels)];
}

Counter& Registry::counter(std::string_view name, std::string_view help, const Labels& labels) {
  std::lock_guard lock(mutex_);
  Series& one = series(name, help, kCounter, labels);
  if (!one.counter) one.counter = std::make_unique<Counter>();
  return *one.counter;
}

Gauge& Registry::gauge(std::string_view name, std::string_view help, const Labels& labels) {
  std::lock_guard lock(mutex_);
  Series& one = series(name, help, kGauge, labels);
  if (!one.gauge) one.gauge = std::make_unique<Gauge>();
  return *one.gauge;
}

Histogram& Registry::histogram(std::string_view name, std::string_view help, const std::vector<double>& upperBounds,
                               const Labels& labels) {
  std::lock_guard lock(mutex_);
  Series& one = series(name, help, kHistogram, labels);
  if (!one.histogram) one.histogram = std::make_unique<Histogram>(upperBounds);
  if (one.histogram->bounds_ != upperBounds) {
    throw std::logic_error("histogram " + std::string(name) + " already has other bounds");
  }
  return *one.histogram;
}

void Registry::gaugeFrom(std::string_view name, std::string_view help, const Labels& labels,
                         std::function<double()> read) {
  std::lock_guard lock(mutex_);
  series(name, help, kGauge, labels).read = std::move(read);
}

std::string Registry::render() const {
  std::string out;
  std::lock_guard lock(mutex_);
  for (const auto& [name, family] : families_) {
    out += "# HELP " + name + ' ';
    appendEscaped(out, family->help, false);
    out += "\n# TYPE " + name + ' ';
    out += typeOf(family->kind);
    out += '\n';
    for (const auto& [labels, one] : family->series) {
      if (one.counter) {
        appendSample(out, name, "", labels, "", std::to_string(one.counter->value()));
      } else if (one.read) {
        appendSample(out, name, "", labels, "", number(one.read()));
      } else if (one.gauge) {
        appendSample(out, name, "", labels, "", std::to_string(one.gauge->value()));
      } else if (one.histogram) {
        std::uint64_t total = 0;
        for (std::size_t i = 0; i <= one.histogram->bounds_.size(); ++i) {
          total += one.histogram->counts_[i].load(std::memory_order_relaxed);
          const bool last = i == one.histogram->bounds_.size();
          appendSample(out, name, "_bucket", labels,
                       "le=\"" + (last ? std::string("+Inf") : number(one.histogram->bounds_[i])) + '"',
                       std::to_string(total));
        }
        appendSample(out, name, "_sum", labels, "", number(one.histogram->sum_.load(std::memory_order_relaxed)));
        appendSample(out, name, "_count", labels, "", std::to_string(total));
      }
    }
  }
  return out;
}

}  // namespace mortise::ops

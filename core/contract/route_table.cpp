#include "core/contract/route_table.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <stdexcept>

#include "core/base/text.hpp"
#include "core/contract/path_template.hpp"

namespace mortise::contract {
namespace {

// In the order of the Allow field.
constexpr std::array<std::string_view, 8> kMethods = {"GET",   "HEAD",   "POST",    "PUT",
                                                      "PATCH", "DELETE", "OPTIONS", "TRACE"};
constexpr std::size_t kGet = 0, kHead = 1, kOther = kMethods.size();

std::size_t methodIndex(std::string_view method) {
  return static_cast<std::size_t>(std::find(kMethods.begin(), kMethods.end(), method) - kMethods.begin());
}

struct Route {
  OperationPtr operation;
  std::vector<std::string_view> names;  // into operation->path, in order of capture
  bool tail = false;
};

struct Leaf {
  std::array<std::int32_t, kMethods.size()> routes{};  // index + 1; 0 = none
  bool any = false;
};

constexpr std::uint32_t kNone = UINT32_MAX;

struct Node {
  std::vector<std::pair<std::string, std::uint32_t>> literals;  // sorted
  std::vector<std::pair<std::string, std::uint32_t>> prefixes;  // longest first
  std::uint32_t parameter = kNone;
  Leaf leaf;
  Leaf tail;
};

using Segments = std::vector<std::string_view>;

constexpr std::size_t kMaxSegments = 64;
constexpr std::size_t kMaxNames = 24;  // parameters of one template

bool isDots(std::string_view segment) { return segment == "." || segment == ".."; }

struct Search {
  const std::vector<Node>& nodes;
  const std::vector<Route>& routes;
  const Segments& segments;
  std::size_t method;
  bool decoded;  // which kind of routes this pass looks for
  std::array<std::string_view, kMaxNames> captured{};
  std::size_t count = 0;
  std::size_t tailFrom = 0;
  const Route* matched = nullptr;
  std::uint32_t allowed = 0;     // methods of every leaf that matches the path, for `matched` == nullptr
  const Route* other = nullptr;  // any route of such a leaf, for its conventions
  int budget = 20000;            // bounds the backtracking, which only a table built for it makes expensive

  bool take(const Leaf& leaf) {
    if (!leaf.any) return false;
    for (std::size_t i = 0; i < kMethods.size(); ++i) {
      if (leaf.routes[i] == 0) continue;
      const Route& route = routes[static_cast<std::size_t>(leaf.routes[i] - 1)];
      if (route.operation->conventions.decodedSlash != decoded) continue;
      const bool headToo = i == kGet && route.operation->conventions.impliedMethods;
      if (i == method || (method == kHead && headToo && leaf.routes[kHead] == 0)) {
        matched = &route;
        return true;
      }
      allowed |= 1U << i;
      if (headToo) allowed |= 1U << kHead;
      if (other == nullptr) other = &route;
    }
    return false;
  }

  bool walk(std::uint32_t index, std::size_t at) {
    if (--budget < 0) return false;
    const Node& node = nodes[index];
    if (at == segments.size()) return take(node.leaf);
    const auto segment = segments[at];
    const auto literal = std::lower_bound(node.literals.begin(), node.literals.end(), segment,
                                          [](const auto& entry, std::string_view key) { return entry.first < key; });
    if (literal != node.literals.end() && literal->first == segment && walk(literal->second, at + 1)) return true;
    if (!segment.empty()) {
      for (const auto& [prefix, child] : node.prefixes) {
        if (segment.size() <= prefix.size() || segment.substr(0, prefix.size()) != prefix) continue;
        if (descend(child, at)) return true;
      }
      if (node.parameter != kNone && descend(node.parameter, at)) return true;
    }
    if (!node.tail.any || (segment.empty() && at + 1 == segments.size())) return false;
    tailFrom = at;
    return take(node.tail);
  }

  bool descend(std::uint32_t child, std::size_t at) {
    captured[count++] = segments[at];
    if (walk(child, at + 1)) return true;
    --count;
    return false;
  }
};

// For paths outside all prefixes.
const Conventions& defaultConventions() {
  static const auto conventions =
      dialect::Families::builtIn().conventions(dialect::Families::builtIn().fallback().name());
  return conventions;
}

// Paths below /api that no contract claims.
const std::vector<std::pair<std::string, Conventions>>& prefixesOfFamilies() {
  static const auto prefixes = [] {
    std::vector<std::pair<std::string, Conventions>> all;
    const auto& families = dialect::Families::builtIn();
    for (const auto* family : families.all()) {
      for (const auto prefix : family->prefixes) all.emplace_back(prefix, families.conventions(family->name()));
    }
    return all;
  }();
  return prefixes;
}

std::string shortName(const std::string& file) {
  return file.substr(file.rfind('/') == std::string::npos ? 0 : file.rfind('/') + 1);
}

std::string place(const Operation& operation) {
  return shortName(operation.file) + ":" + std::to_string(operation.line) + " (module " + operation.module + ")";
}

// Some families treat %2F as /; everything else stays as it was sent.
std::string withSlashes(std::string_view raw) {
  std::string out;
  out.reserve(raw.size());
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] == '%' && i + 2 < raw.size() && raw[i + 1] == '2' && (raw[i + 2] == 'F' || raw[i + 2] == 'f')) {
      out += '/';
      i += 2;
    } else {
      out += raw[i];
    }
  }
  return out;
}

bool hasEncodedSlash(std::string_view raw) {
  return raw.find("%2F") != std::string_view::npos || raw.find("%2f") != std::string_view::npos;
}

// Raw control characters, blanks and bytes that are not UTF-8 are not allowed in a request target.
bool isClean(std::string_view path) {
  bool ascii = true;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte == 0x7f) return false;
    ascii = ascii && byte < 0x80;
  }
  return ascii || text::isUtf8(path);
}

// One way to split a path into decoded segments. Views point into the path, or into `storage` where something was
// escaped.
struct Cut {
  Segments segments;
  std::vector<std::unique_ptr<std::string>> storage;

  bool make(std::string_view path) {
    if (path.empty() || path.front() != '/' || !isClean(path)) return false;
    path.remove_prefix(1);
    segments.reserve(12);
    while (true) {
      const auto end = path.find('/');
      auto segment = path.substr(0, end);
      if (segments.size() == kMaxSegments) return false;
      if (segment.find('%') != std::string_view::npos) {
        auto decoded = text::percentDecode(segment);
        if (!decoded) return false;
        storage.push_back(std::make_unique<std::string>(std::move(*decoded)));
        segment = *storage.back();
        for (const auto part : text::split(segment, '/')) {
          if (isDots(part)) return false;
        }
      }
      if (isDots(segment)) return false;
      segments.push_back(segment);
      if (end == std::string_view::npos) return true;
      path.remove_prefix(end + 1);
    }
  }
};

}  // namespace

struct RouteTable::Implementation {
  std::vector<CompiledDocument> documents;
  std::vector<Node> nodes = std::vector<Node>(1);
  std::vector<Route> routes;
  std::vector<std::pair<std::string, const Conventions*>> prefixes;  // longest first
  bool decodedSlashes = false;                                       // some operation treats %2F as /

  void add(const OperationPtr& operation) {
    auto shape = PathTemplate::parse(operation->path);
    if (shape.names().size() > kMaxNames)
      throw std::runtime_error(place(*operation) + " has more than " + std::to_string(kMaxNames) +
                               " path parameters; use a {name...} tail");
    const auto method = methodIndex(operation->method);
    if (method == kOther)
      throw std::runtime_error(place(*operation) + " declares method " + operation->method +
                               ", which is not served; use GET, POST, PUT, PATCH or DELETE");
    Route route;
    route.operation = operation;
    for (const auto& segment : shape.segments) {
      if (segment.kind == PathTemplate::Kind::literal) continue;
      const std::string_view path = operation->path;
      route.names.push_back(path.substr(path.find("{" + segment.name) + 1, segment.name.size()));
      route.tail = segment.kind == PathTemplate::Kind::tail;
    }
    routes.push_back(std::move(route));
    decodedSlashes = decodedSlashes || operation->conventions.decodedSlash;
    insert(shape, method);
    if (!operation->conventions.bothSlashes || routes.back().tail || operation->path == "/") return;
    const auto& last = shape.segments.back();
    if (last.kind == PathTemplate::Kind::literal && last.text.empty()) {
      shape.segments.pop_back();
    } else {
      shape.segments.emplace_back();
    }
    insert(shape, method);
  }

  void insert(const PathTemplate& shape, std::size_t method) {
    std::uint32_t at = 0;
    for (const auto& segment : shape.segments) {
      switch (segment.kind) {
        case PathTemplate::Kind::literal:
          at = child(at, &Node::literals, segment.text);
          break;
        case PathTemplate::Kind::prefixed:
          at = child(at, &Node::prefixes, segment.text);
          break;
        case PathTemplate::Kind::parameter:
          if (nodes[at].parameter == kNone) {
            nodes.emplace_back();
            nodes[at].parameter = static_cast<std::uint32_t>(nodes.size() - 1);
          }
          at = nodes[at].parameter;
          break;
        case PathTemplate::Kind::tail:
          return claim(nodes[at].tail, method);
      }
    }
    claim(nodes[at].leaf, method);
  }

  std::uint32_t child(std::uint32_t at, std::vector<std::pair<std::string, std::uint32_t>> Node::*list,
                      const std::string& text) {
    for (const auto& [key, index] : nodes[at].*list) {
      if (key == text) return index;
    }
    nodes.emplace_back();
    const auto index = static_cast<std::uint32_t>(nodes.size() - 1);
    auto& entries = nodes[at].*list;
    entries.emplace_back(text, index);
    if (list == &Node::literals) {
      std::sort(entries.begin(), entries.end());
    } else {
      std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
        return a.first.size() != b.first.size() ? a.first.size() > b.first.size() : a.first < b.first;
      });
    }
    return index;
  }

  void claim(Leaf& leaf, std::size_t method) {
    auto& slot = leaf.routes[method];
    // GET answers HEAD, too: a HEAD of another module would take that away from it.
    auto taken = slot;
    if (taken == 0 && (method == kGet || method == kHead)) {
      taken = leaf.routes[method == kGet ? kHead : kGet];
      if (taken != 0 && operationOf(taken).module == routes.back().operation->module) taken = 0;
    }
    if (taken != 0) {
      const Operation& first = operationOf(taken);
      const Operation& second = *routes.back().operation;
      if (&first == &second) return;
      const bool sameModule = first.module == second.module;
      throw std::runtime_error(place(first) + " and " + place(second) + " both claim " + second.method + " " +
                               second.path + (sameModule ? "; remove one of them" : "; disable one of the modules"));
    }
    slot = static_cast<std::int32_t>(routes.size());
    leaf.any = true;
  }

  const Operation& operationOf(std::int32_t slot) const {
    return *routes[static_cast<std::size_t>(slot - 1)].operation;
  }

  const Conventions* conventionsFor(std::string_view path) const {
    for (const auto& [prefix, conventions] : prefixes) {
      if (path.substr(0, prefix.size()) == prefix && (path.size() == prefix.size() || path[prefix.size()] == '/'))
        return conventions;
    }
    return &defaultConventions();
  }

  static Match matchOf(const Search& hit) {
    const Route& route = *hit.matched;
    Match out;
    out.kind = Match::Kind::found;
    out.operation = route.operation;
    out.conventions = &route.operation->conventions;
    out.captured.reserve(route.names.size());
    for (std::size_t i = 0; i < hit.count; ++i) out.captured.emplace_back(route.names[i], hit.captured[i]);
    if (!route.tail) return out;
    std::string rest;
    for (std::size_t i = hit.tailFrom; i < hit.segments.size(); ++i)
      rest.append(i == hit.tailFrom ? "" : "/").append(hit.segments[i]);
    out.captured.emplace_back(route.names.back(), std::move(rest));
    return out;
  }

  static std::string allow(std::uint32_t methods) {
    std::string out;
    for (std::size_t i = 0; i < kMethods.size(); ++i) {
      if ((methods & (1U << i)) != 0) out.append(out.empty() ? "" : ", ").append(kMethods[i]);
    }
    return out;
  }
};

RouteTable::RouteTable(std::vector<CompiledDocument> documents) : implementation_(std::make_unique<Implementation>()) {
  auto& own = *implementation_;
  own.documents = std::move(documents);
  // Before those of the documents: a document may have operations of its family in several places below /api/v1, which
  // are all that its paths have in common.
  for (const auto& [prefix, conventions] : prefixesOfFamilies()) own.prefixes.emplace_back(prefix, &conventions);
  std::map<std::string, std::pair<const Bucket*, const CompiledDocument*>> buckets;
  for (const auto& document : own.documents) {
    for (const auto& operation : document.operations) own.add(operation);
    if (!document.prefix.empty()) own.prefixes.emplace_back(document.prefix, &document.conventions);
    for (const auto& bucket : document.buckets) {
      const auto [at, isNew] = buckets.try_emplace(bucket->name, bucket.get(), &document);
      if (isNew || *at->second.first == *bucket) continue;
      throw std::runtime_error(shortName(at->second.second->file) + " and " + shortName(document.file) + " (module " +
                               document.module + ") declare bucket " + bucket->name +
                               " differently; make them equal or rename one");
    }
  }
  std::stable_sort(own.prefixes.begin(), own.prefixes.end(),
                   [](const auto& a, const auto& b) { return a.first.size() > b.first.size(); });
}

RouteTable::~RouteTable() = default;

Match RouteTable::match(std::string_view method, std::string_view rawPath) const {
  const auto& own = *implementation_;
  Match out;
  Cut cut;
  if (!cut.make(rawPath)) {
    out.kind = Match::Kind::badPath;
    out.conventions = own.conventionsFor(rawPath);
    return out;
  }
  const auto index = methodIndex(method);
  Search search{own.nodes, own.routes, cut.segments, index, false};
  if (search.walk(0, 0)) return own.matchOf(search);
  // Families that treat %2F as / are searched separately, with the path split their way.
  Cut slashed;
  const bool both = hasEncodedSlash(rawPath);
  const std::string slashedPath = both ? withSlashes(rawPath) : std::string();
  Search second{own.nodes, own.routes, both ? slashed.segments : cut.segments, index, true};
  if (own.decodedSlashes && (!both || slashed.make(slashedPath)) && second.walk(0, 0)) return own.matchOf(second);
  const auto allowed = search.allowed | second.allowed;
  out.conventions = own.conventionsFor(rawPath);
  if (allowed == 0) return out;
  out.kind = Match::Kind::methodNotAllowed;
  out.allow = Implementation::allow(allowed);
  out.neighbour = (search.other != nullptr ? search.other : second.other)->operation;
  out.conventions = &out.neighbour->conventions;
  return out;
}

const std::vector<CompiledDocument>& RouteTable::documents() const { return implementation_->documents; }

std::vector<OperationPtr> RouteTable::operations() const {
  std::vector<OperationPtr> out;
  for (const auto& route : implementation_->routes) out.push_back(route.operation);
  return out;
}

}  // namespace mortise::contract

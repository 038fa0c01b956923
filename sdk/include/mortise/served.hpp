// An interface that a module offers to others, made of the methods of a class. The table of C functions stays the
// truth; each of its fields is filled with a method, and what stands between the two is written by the compiler:
//
//   class SessionInterface : public mortise::Serving {
//    public:
//     explicit SessionInterface(mortise::Log log)
//         : Serving(log, "a session can't be written", MORTISE_CLOSED),
//           table_{sizeof table_, this, Served<&SessionInterface::open>::call, Served<&SessionInterface::add>::call} {}
//     std::string open(std::string_view type, std::int64_t createdBy);
//     std::vector<std::int64_t> add(std::string_view session, const std::vector<Target>& targets);
//   };
//
// From the C arguments, left to right after the context, come the method's parameters:
//   mortise_str                     std::string_view, Text, std::string; std::optional of them, empty when it is empty
//   a number                        a number; int32_t also bool
//   const C* items, size_t count    std::vector<T>
//   a sink and its context          Sink<T...>
//   anything else                   the same type as it is, else Crossing<T>::from(argument); a std::optional<T> of a
//                                   pointer is empty when that is null
// Then comes where the result goes, if it has one, and last mortise_error*, where the function returns mortise_status:
//   void           MORTISE_OK
//   mortise_status is returned as it is
//   a number       int32_t*, int64_t*, ...; bool as 1 or 0
//   FixedText<N>   char[N], cut to N - 1 bytes, with a NUL
//   std::vector<T> T*: room for as many as the list that was handed in; more is an error
//   T              C*, by Crossing<T>::to
// A function that returns a number has no mortise_error; what its method throws is reported, and the fallback returned:
//   Served<&Catalog::generation, -1>::call
// What a method throws becomes a status by the rules of provided.hpp; null where something is needed is MORTISE_INVALID
// "null". Since: SDK 1.1.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "mortise/log.hpp"
#include "mortise/problem.hpp"
#include "mortise/provided.hpp"
#include "mortise/text.hpp"

namespace mortise::inline sdk1 {

// How a type of the module crosses the boundary. Specialise what is needed:
//   template <> struct mortise::Crossing<Counters> {
//     static Counters from(const mortise_sync_counters* c);            of an argument; it may be null
//     static mortise_sync_state to(const State& state);                for a sink: texts may borrow from `state`
//     static void to(const State& state, mortise_sync_state* out);     of a result: `out` is the caller's
//   };
template <class T>
struct Crossing;

// A text that goes into a char[N] of the caller.
template <std::size_t N>
struct FixedText {
  std::string text;
};

// The other module's function that takes items one by one. A null one takes all and does nothing.
template <class... Items>
class Sink {
 public:
  Sink() = default;
  template <class Result, class... C>
  Sink(Result (*function)(void*, C...), void* context) {
    if (function == nullptr) return;
    give_ = [function, context](const Items&... items) {
      return giveAs(function, context, std::tuple<decltype(crossed(items))...>(crossed(items)...),
                    std::index_sequence_for<Items...>{});
    };
  }

  // False: the other side wants no more (a sink whose result says so returned 0).
  bool operator()(const Items&... items) const { return !give_ || give_(items...); }

 private:
  // Numbers, texts and C structs as they are, everything else by its Crossing.
  template <class T>
  static auto crossed(const T& item) {
    if constexpr (std::is_same_v<T, bool>) {
      return std::int32_t{item ? 1 : 0};
    } else if constexpr (std::is_arithmetic_v<T> || std::is_same_v<T, mortise_str>) {
      return item;
    } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
      return detail::str(item);
    } else {
      return Crossing<T>::to(item);
    }
  }
  // C sinks take structs by pointer.
  template <class C, class Value>
  static C argument(const Value& value) {
    if constexpr (std::is_pointer_v<C>) {
      return &value;
    } else {
      return static_cast<C>(value);
    }
  }
  template <class Result, class... C, class Values, std::size_t... I>
  static bool giveAs(Result (*function)(void*, C...), void* context, const Values& values, std::index_sequence<I...>) {
    if constexpr (std::is_void_v<Result>) {
      function(context, argument<C>(std::get<I>(values))...);
      return true;
    } else {
      return function(context, argument<C>(std::get<I>(values))...) != 0;
    }
  }

  std::function<bool(const Items&...)> give_;
};

// What the class behind an interface inherits: where failures are reported, and what a conflict is called. The context
// of its table is a pointer to the class that has the methods.
class Serving {
 public:
  Serving(const Serving&) = delete;
  Serving& operator=(const Serving&) = delete;

  // `sentence`: of the log when a call failed through no fault of its caller; a literal. `conflict`: what a Problem 409
  // means.
  Serving(Log log, const char* sentence, mortise_status conflict = MORTISE_EXISTS)
      : serving_log_(log), sentence_(sentence), conflict_(conflict) {}

  void reportFailure(const std::string& reason) const noexcept {
    try {
      serving_log_.error(sentence_, {{"error", reason}});
    } catch (...) {  // without memory there is no log either; the caller has its status
    }
  }
  mortise_status conflict() const noexcept { return conflict_; }

 protected:
  ~Serving() = default;

 private:
  Log serving_log_;
  const char* sentence_;
  mortise_status conflict_;
};

namespace detail {

[[noreturn]] inline void refuseNull(const char* what) {
  throw Problem(422, "null").note(std::string(what) + " is null");
}

// One parameter of a method out of the C arguments that stand for it.
template <class P>
struct Taken {
  static constexpr std::size_t kArguments = 1;
  template <class C>
  static P from(C c) {
    if constexpr (std::is_same_v<P, C>) {
      return c;
    } else if constexpr (std::is_same_v<C, mortise_str>) {
      return P(Text(c));
    } else if constexpr (std::is_same_v<P, bool>) {
      return c != 0;
    } else if constexpr (std::is_arithmetic_v<P>) {
      static_assert(std::is_arithmetic_v<C> && sizeof(P) >= sizeof(C) && std::is_signed_v<P> == std::is_signed_v<C>,
                    "the parameter must hold every value of the C argument");
      return c;
    } else {
      return Crossing<P>::from(c);
    }
  }
};

template <class T>
struct Taken<std::optional<T>> {
  static constexpr std::size_t kArguments = 1;
  template <class C>
  static std::optional<T> from(C c) {
    if constexpr (std::is_same_v<C, mortise_str>) {
      if (c.size == 0) return std::nullopt;
    } else {
      static_assert(std::is_pointer_v<C>, "only a text or a pointer can be absent");
      if (c == nullptr) return std::nullopt;
    }
    return Taken<T>::from(c);
  }
};

template <class T>
struct Taken<std::vector<T>> {
  static constexpr std::size_t kArguments = 2;
  template <class C>
  static std::vector<T> from(const C* items, std::size_t count) {
    if (items == nullptr && count > 0) refuseNull("a list");
    std::vector<T> out;
    out.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      if constexpr (std::is_class_v<C> && !std::is_same_v<C, mortise_str> && !std::is_same_v<C, T>) {
        out.push_back(Crossing<T>::from(items + i));
      } else {
        out.push_back(Taken<T>::from(items[i]));
      }
    }
    return out;
  }
};

template <class... Items>
struct Taken<Sink<Items...>> {
  static constexpr std::size_t kArguments = 2;
  template <class Function>
  static Sink<Items...> from(Function function, void* context) {
    return Sink<Items...>(function, context);
  }
};

template <class P>
inline constexpr bool kIsList = false;
template <class T>
inline constexpr bool kIsList<std::vector<T>> = true;

// The result of a method, written to where the caller wants it.
template <class Value, class Out>
void writeOut(const Value& value, std::size_t, Out* out) {
  if constexpr (std::is_same_v<Value, bool>) {
    *out = value ? 1 : 0;
  } else if constexpr (std::is_same_v<Value, Out>) {
    *out = value;
  } else if constexpr (std::is_arithmetic_v<Value>) {
    static_assert(sizeof(Out) >= sizeof(Value) && std::is_signed_v<Out> == std::is_signed_v<Value>,
                  "the place of the result must hold every value");
    *out = value;
  } else {
    Crossing<Value>::to(value, out);
  }
}
template <std::size_t N>
void writeOut(const FixedText<N>& value, std::size_t, char* out) {
  static_assert(N > 0);
  const auto size = std::min(value.text.size(), N - 1);
  std::memcpy(out, value.text.data(), size);
  out[size] = '\0';
}
template <class T, class Out>
void writeOut(const std::vector<T>& values, std::size_t room, Out* out) {
  if (values.size() > room) throw Problem(500, "internal").note("more results than the caller has room for");
  for (std::size_t i = 0; i < values.size(); ++i) writeOut(values[i], 0, out + i);
}

template <class Method>
struct MethodOf;
template <class Class, class Result, class... P>
struct MethodOf<Result (Class::*)(P...)> {
  using Object = Class;
  using Returned = Result;
  using Parameters = std::tuple<std::remove_cvref_t<P>...>;
};
template <class Class, class Result, class... P>
struct MethodOf<Result (Class::*)(P...) const> : MethodOf<Result (Class::*)(P...)> {};
template <class Class, class Result, class... P>
struct MethodOf<Result (Class::*)(P...) noexcept> : MethodOf<Result (Class::*)(P...)> {};
template <class Class, class Result, class... P>
struct MethodOf<Result (Class::*)(P...) const noexcept> : MethodOf<Result (Class::*)(P...)> {};

template <class Parameters>
struct Places;
template <class... P>
struct Places<std::tuple<P...>> {
  static constexpr std::size_t kParameters = sizeof...(P);
  static constexpr std::size_t kArguments = (std::size_t{0} + ... + Taken<P>::kArguments);
  // Where the C arguments of each parameter begin.
  static constexpr std::array<std::size_t, sizeof...(P) + 1> kFirst = [] {
    std::array<std::size_t, sizeof...(P) + 1> first{};
    const std::array<std::size_t, sizeof...(P) + 1> sizes{Taken<P>::kArguments..., 0};
    for (std::size_t i = 0; i < sizeof...(P); ++i) first[i + 1] = first[i] + sizes[i];
    return first;
  }();
};

template <auto Method>
struct Call {
  using Traits = MethodOf<decltype(Method)>;
  using Object = typename Traits::Object;
  using Returned = typename Traits::Returned;
  using Parameters = typename Traits::Parameters;
  using At = Places<Parameters>;

  template <std::size_t I, class Arguments>
  static auto parameter(const Arguments& arguments) {
    using P = std::tuple_element_t<I, Parameters>;
    constexpr auto first = At::kFirst[I];
    if constexpr (Taken<P>::kArguments == 2) {
      return Taken<P>::from(std::get<first>(arguments), std::get<first + 1>(arguments));
    } else {
      return Taken<P>::from(std::get<first>(arguments));
    }
  }

  // Items of the lists that were handed in: so much room has a list of results.
  template <class Arguments, std::size_t... I>
  static std::size_t room(const Arguments& arguments, std::index_sequence<I...>) {
    std::size_t count = 0;
    const auto look = [&]<std::size_t J>(std::integral_constant<std::size_t, J>) {
      if constexpr (kIsList<std::tuple_element_t<J, Parameters>>) count = std::get<At::kFirst[J] + 1>(arguments);
    };
    (look(std::integral_constant<std::size_t, I>{}), ...);
    (void)arguments;
    (void)look;
    return count;
  }

  template <class Arguments, std::size_t... I>
  static Returned run(Object& object, const Arguments& arguments, std::index_sequence<I...>) {
    (void)arguments;
    return (object.*Method)(parameter<I>(arguments)...);
  }

  // Runs the method; `outs`: 1 when an argument behind those of the parameters takes the result.
  template <std::size_t Outs, class Arguments>
  static mortise_status store(Object& object, const Arguments& arguments) {
    constexpr std::make_index_sequence<At::kParameters> all{};
    if constexpr (std::is_void_v<Returned>) {
      static_assert(Outs == 0, "the C function has an argument that no parameter of the method takes");
      run(object, arguments, all);
      return MORTISE_OK;
    } else if constexpr (std::is_same_v<Returned, mortise_status>) {
      static_assert(Outs == 0, "the C function has an argument that no parameter of the method takes");
      return run(object, arguments, all);
    } else {
      static_assert(Outs == 1, "the C function has no place for the result of the method, or too many arguments");
      // Looked at before, lest the method does its work for nothing.
      const auto out = std::get<At::kArguments>(arguments);
      const auto places = room(arguments, all);
      if constexpr (kIsList<Returned>) {
        if (out == nullptr && places > 0) refuseNull("the place of the results");
      } else {
        if (out == nullptr) refuseNull("the place of the result");
        if constexpr (std::is_pointer_v<Returned>) *out = nullptr;
      }
      writeOut(run(object, arguments, all), places, out);
      return MORTISE_OK;
    }
  }

  // C function: (context, arguments..., error) -> status.
  template <class... A>
  static mortise_status withStatus(void* context, A... arguments) noexcept {
    constexpr std::size_t count = sizeof...(A) - 1;
    const std::tuple<A...> all(arguments...);
    mortise_error* error = std::get<count>(all);
    auto& object = *static_cast<Object*>(context);
    const Serving& serving = object;
    return provided(
        error, serving.conflict(), [&](const std::string& reason) { serving.reportFailure(reason); },
        [&] { return store<count - At::kArguments>(object, all); });
  }
  // C function: (context, arguments...) -> number.
  template <auto Fallback, class Result, class... A>
  static Result withValue(void* context, A... arguments) noexcept {
    static_assert(sizeof...(A) == At::kArguments, "the arguments of the C function are not those of the method");
    const std::tuple<A...> all(arguments...);
    auto& object = *static_cast<Object*>(context);
    const Serving& serving = object;
    Result result = static_cast<Result>(Fallback);
    provided(
        nullptr, serving.conflict(), [&](const std::string& reason) { serving.reportFailure(reason); },
        [&] {
          result = static_cast<Result>(run(object, all, std::make_index_sequence<At::kParameters>{}));
          return MORTISE_OK;
        });
    return result;
  }
};

// Becomes the C function that the field it is put into asks for.
template <auto Method, auto Fallback>
struct ServedCall {
  template <class Result, class... A>
  using Function = Result (*)(void*, A...);

  template <class Result, class... A>
  constexpr operator Function<Result, A...>() const noexcept {  // NOLINT: meant to convert
    if constexpr (std::is_same_v<Result, mortise_status>) {
      return &Call<Method>::template withStatus<A...>;
    } else {
      return &Call<Method>::template withValue<Fallback, Result, A...>;
    }
  }
};

}  // namespace detail

template <auto Method, auto Fallback = 0>
struct Served {
  static constexpr detail::ServedCall<Method, Fallback> call{};
};

}  // namespace mortise::inline sdk1

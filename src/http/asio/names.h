// What the sources on Asio call its things. Headers of this folder see Boost, so no other one
// includes them.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>

namespace insightd::http {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using SteadyClock = std::chrono::steady_clock;
using TimePoint = SteadyClock::time_point;
template <class T>
using Task = asio::awaitable<T>;
// An error is a value beside the result.
inline constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);

}  // namespace insightd::http

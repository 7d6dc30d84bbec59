// The parts of Asio that do not depend on a template, compiled once
// (BOOST_ASIO_SEPARATE_COMPILATION is set for this library).
#include <boost/asio/impl/src.hpp>

// The formulas of nats_kernel.py in loops: what one source of the mixed NATS cell gives its m targets, and takes back.
//
// Arrays are (channels, H, W, N), the batch innermost, so that every loop over images is one over neighbouring numbers
// and a channel is one row of H · W · N. M = m · C. Sums that leave a loop are kept in double.

#include <algorithm>
#include <cmath>
#include <cstring>
#include <type_traits>
#include <vector>

namespace {

using std::vector;

#if defined(__AVX512F__)
constexpr int BYTES = 64;
#else
constexpr int BYTES = 32;
#endif
constexpr int CHUNK = 256;  // of a row, so that a chunk of every channel stays in the first-level cache
constexpr double EPSILON = 1e-5;
enum { NONE, SKIP, CONV1, CONV3, POOL, OPERATIONS };

template <class T> struct Lanes { typedef T type __attribute__((vector_size(BYTES))); };

template <class V, class T> inline V load(const T* from) { V v; std::memcpy(&v, from, sizeof v); return v; }
template <class V, class T> inline void store(T* to, const V& v) { std::memcpy(to, &v, sizeof v); }

struct Shape {
    int C, m, H, W, N;
    int M() const { return m * C; }
    long row() const { return long(H) * W * N; }
};

// ---------------------------------------------------------------------------------------------------- convolution

// A block of images, one pixel of which fills two vectors, laid out (channels, H + 2, W + 2, block) with zeros around:
// every tap of a convolution is then at the same distance, and no two channels compete for one line of the cache.
template <class T> struct Block {
    using V = typename Lanes<T>::type;
    static constexpr int L = BYTES / int(sizeof(T)), STEP = 2 * L;
    Shape s;
    int channels;
    long line, plane;
    vector<T> at;

    Block(const Shape& s, int channels)
        : s(s), channels(channels), line(long(s.W + 2) * STEP), plane((s.H + 2) * line), at(channels * plane) {}

    long place(int channel, int h, int w) const { return channel * plane + (h + 1) * line + (w + 1) * STEP; }
    const T* pixel(int channel, int h, int w) const { return at.data() + place(channel, h, w); }

    // Fills the block with images n … n + STEP − 1, zeros where there are none. value(channel, read) makes a number, or
    // a vector of them, from arrays' own: read(array).
    template <class Value> void fill(int n, Value value) {
        const int count = std::min(STEP, s.N - n);
        for (int c = 0; c < channels; ++c)
            for (int h = 0; h < s.H; ++h)
                for (int w = 0; w < s.W; ++w) {
                    T* to = at.data() + place(c, h, w);
                    const long from = c * s.row() + (long(h) * s.W + w) * s.N + n;
                    if (count == STEP)
                        for (int k = 0; k < STEP; k += L)
                            store(to + k, V(value(c, [=](const T* array) { return load<V>(array + from + k); })));
                    else
                        for (int k = 0; k < STEP; ++k)
                            to[k] = k < count ? value(c, [=](const T* array) { return array[from + k]; }) : T(0);
                }
    }
};

// y (OUT channels, …) for the images of a block; kernel (channels, 9, OUT).
template <int OUT, class T> void convolve_block(const Block<T>& x, int n, const T* kernel, T* y) {
    using V = typename Block<T>::V;
    constexpr int L = Block<T>::L, STEP = Block<T>::STEP;
    const Shape& s = x.s;
    const int count = std::min(STEP, s.N - n);
    for (int h = 0; h < s.H; ++h)
        for (int w = 0; w < s.W; ++w) {
            V sum[OUT][2] = {};
            const T *k = kernel, *first = x.pixel(0, h - 1, w - 1);
            for (int c = 0; c < x.channels; ++c, first += x.plane) {
                const T* from = first;
                for (int i = 0; i < 3; ++i, from += x.line)
                    for (int j = 0; j < 3; ++j, k += OUT) {
                        const V low = load<V>(from + j * STEP), high = load<V>(from + j * STEP + L);
                        for (int o = 0; o < OUT; ++o) {
                            sum[o][0] += k[o] * low;
                            sum[o][1] += k[o] * high;
                        }
                    }
            }
            for (int o = 0; o < OUT; ++o)
                if (count == STEP) std::memcpy(y + o * s.row() + (long(h) * s.W + w) * s.N + n, sum[o], sizeof sum[o]);
                else std::memcpy(y + o * s.row() + (long(h) * s.W + w) * s.N + n, sum[o], count * sizeof(T));
        }
}

// A 3 × 3 kernel in blocks of four output channels (the last ones alone), as `convolve_block` reads them.
template <class T> struct Kernel {
    int in, out;
    vector<T> at;

    template <class Weight> Kernel(int in, int out, Weight weight) : in(in), out(out) {
        for (int o = 0; o < out; o += width(o))
            for (int c = 0; c < in; ++c)
                for (int tap = 0; tap < 9; ++tap)
                    for (int b = 0; b < width(o); ++b) at.push_back(weight(o + b, c, tap));
    }
    int width(int o) const { return out - o >= 4 ? 4 : 1; }

    // y (out, …) of the block's images.
    void convolve(const Block<T>& x, int n, T* y) const {
        for (int o = 0; o < out; o += width(o)) {
            const T* weights = at.data() + o * in * 9;
            if (width(o) == 4) convolve_block<4>(x, n, weights, y + o * x.s.row());
            else convolve_block<1>(x, n, weights, y + o * x.s.row());
        }
    }
};

// ------------------------------------------------------------------------------------------------------- products

template <class V> inline double total(const V& v) {
    double sum = 0;
    for (unsigned i = 0; i < sizeof(V) / sizeof(v[0]); ++i) sum += v[i];
    return sum;
}

// Channels as rows of numbers, each read as its distance from `about`: near the channel's mean, no digits are lost.
template <class T> struct Rows {
    const T* at;
    long row;
    const T* about;
    Rows from(int channel, long n) const { return {at + channel * row + n, row, about + channel}; }
};

// Inner products of A rows with B rows over `length` numbers, added to into[a · across + b].
template <int A, int B, class T>
inline void products_of(Rows<T> a, Rows<T> b, long length, double* into, int across) {
    using V = typename Lanes<T>::type;
    constexpr int L = BYTES / int(sizeof(T));
    V sum[A][B] = {};
    long n = 0;
    for (; n + L <= length; n += L) {
        V right[B];
        for (int j = 0; j < B; ++j) right[j] = load<V>(b.at + j * b.row + n) - b.about[j];
        for (int i = 0; i < A; ++i) {
            const V left = load<V>(a.at + i * a.row + n) - a.about[i];
            for (int j = 0; j < B; ++j) sum[i][j] += left * right[j];
        }
    }
    for (int i = 0; i < A; ++i)
        for (int j = 0; j < B; ++j) {
            double rest = total(sum[i][j]);
            for (long k = n; k < length; ++k)
                rest += double(a.at[i * a.row + k] - a.about[i]) * (b.at[j * b.row + k] - b.about[j]);
            into[i * across + j] += rest;
        }
}

// The inner product of every one of `as` rows with every one of `bs`.
template <class T> inline void products(int as, Rows<T> a, int bs, Rows<T> b, long length, double* into) {
    for (int i = 0; i < as;) {
        const int rows = as - i >= 4 ? 4 : 1;
        for (int j = 0; j < bs;) {
            const int columns = bs - j >= 2 ? 2 : 1;
            double* to = into + i * bs + j;
            const Rows<T> left = a.from(i, 0), right = b.from(j, 0);
            if (rows == 4 && columns == 2) products_of<4, 2>(left, right, length, to, bs);
            else if (rows == 4) products_of<4, 1>(left, right, length, to, bs);
            else if (columns == 2) products_of<1, 2>(left, right, length, to, bs);
            else products_of<1, 1>(left, right, length, to, bs);
            j += columns;
        }
        i += rows;
    }
}

template <class T> inline double sum_of(const T* a, long length) {
    using V = typename Lanes<T>::type;
    constexpr int L = BYTES / int(sizeof(T));
    V sum = {};
    long n = 0;
    for (; n + L <= length; n += L) sum += load<V>(a + n);
    double all = total(sum);
    for (; n < length; ++n) all += a[n];
    return all;
}

// f(start, length) for the chunks of a row.
template <class F> inline void chunks(long row, F f) {
    for (long start = 0; start < row; start += CHUNK) f(start, std::min<long>(CHUNK, row - start));
}

// f(rows, first, n, read) for numbers n of rows first, first + 1, … : four rows at once where there are as many, else
// one, and a vector of numbers at once where there are as many, else one; read(array) is what stands at n.
template <class T, class F> inline void blocks(long row, int count, F f) {
    using V = typename Lanes<T>::type;
    constexpr int L = BYTES / int(sizeof(T));
    chunks(row, [&](long start, long length) {
        for (int first = 0; first < count;) {
            const bool four = count - first >= 4;
            long n = start;
            auto each = [&](auto read) {
                if (four) f(std::integral_constant<int, 4>{}, first, n, read);
                else f(std::integral_constant<int, 1>{}, first, n, read);
            };
            for (; n + L <= start + length; n += L) each([&](const T* array) { return load<V>(array + n); });
            for (; n < start + length; ++n) each([&](const T* array) { return array[n]; });
            first += four ? 4 : 1;
        }
    });
}

// -------------------------------------------------------------------------------------------------------- pooling

inline int around(int i, int side) { return 1 + (i > 0) + (i + 1 < side); }  // neighbours on one axis, itself too

// Adds to y (H, W, N) each pixel's neighbours of x, weighted by 1 / the count at the target, or at the source.
template <bool AT_SOURCE, class T> void pool(const Shape& s, const T* x, T* y) {
    vector<T> weights;
    for (int h = 0; h < s.H; ++h)
        for (int w = 0; w < s.W; ++w) weights.push_back(T(1) / T(around(h, s.H) * around(w, s.W)));
    for (int h = 0; h < s.H; ++h)
        for (int w = 0; w < s.W; ++w) {
            T* to = y + (long(h) * s.W + w) * s.N;
            T part[9];
            const T* from[9];
            int taps = 0;
            for (int i = std::max(h - 1, 0); i <= std::min(h + 1, s.H - 1); ++i)
                for (int j = std::max(w - 1, 0); j <= std::min(w + 1, s.W - 1); ++j, ++taps) {
                    part[taps] = AT_SOURCE ? weights[i * s.W + j] : weights[h * s.W + w];
                    from[taps] = x + (long(i) * s.W + j) * s.N;
                }
            blocks<T>(s.N, 1, [&](auto, int, long n, auto read) {
                auto sum = read(to);
                for (int tap = 0; tap < taps; ++tap) sum += part[tap] * read(from[tap]);
                store(to + n, sum);
            });
        }
}

// ------------------------------------------------------------------------------------------------------- one source

// What else the backward pass reads, in double: one block that Python allocates.
struct Moments {
    double *mean, *covariance, *inverse1, *mean3, *inverse3;
    Moments(const Shape& s, double* at)
        : mean(at), covariance(at + s.C), inverse1(covariance + s.C * s.C), mean3(inverse1 + s.M()),
          inverse3(mean3 + s.M()) {}
};

// A number near each channel's mean: its mean over a chunk from the middle of the image, where no padding is read.
template <class T> vector<T> near_mean(const Shape& s, int channels, const T* x) {
    const long length = std::min<long>(CHUNK, s.row()), start = (long(s.H / 2) * s.W + s.W / 2) * s.N;
    const long first = std::min(start, s.row() - length);
    vector<T> means;
    for (int c = 0; c < channels; ++c) means.push_back(sum_of(x + c * s.row() + first, length) / length);
    return means;
}

// A, P(x) and z₃'s convolution without its mean taken off.
template <class T> void look(const Shape& s, const T* x, const T* k3, T* active, T* pooled, T* z3) {
    const long row = s.row();
    const int C = s.C;
    for (long i = 0; i < C * row; ++i) active[i] = x[i] > 0 ? x[i] : T(0);
    std::fill(pooled, pooled + C * row, T(0));
    for (int c = 0; c < C; ++c) pool<false>(s, x + c * row, pooled + c * row);
    const Kernel<T> kernel(C, s.M(), [&](int o, int c, int tap) { return k3[(o * C + c) * 9 + tap]; });
    Block<T> block(s, C);
    for (int n = 0; n < s.N; n += Block<T>::STEP) {
        block.fill(n, [=](int, auto read) { return read(active); });
        kernel.convolve(block, n, z3);
    }
}

template <class T> void measure(const Shape& s, const T* active, const T* z3, const T* k1, Moments at) {
    const long row = s.row();
    const int C = s.C, M = s.M();
    const vector<T> about = near_mean(s, C, active), about3 = near_mean(s, M, z3);
    const Rows<T> inputs{active, row, about.data()}, outputs{z3, row, about3.data()};
    std::fill(at.mean, at.inverse3 + M, 0.0);
    chunks(row, [&](long start, long length) {
        products(C, inputs.from(0, start), C, inputs.from(0, start), length, at.covariance);
        for (int c = 0; c < C; ++c) at.mean[c] += sum_of(active + c * row + start, length) / row;
        for (int o = 0; o < M; ++o) {
            const Rows<T> z = outputs.from(o, start);
            at.mean3[o] += sum_of(z.at, length) / row;
            products_of<1, 1>(z, z, length, at.inverse3 + o, 1);
        }
    });
    for (int c = 0; c < C; ++c)
        for (int d = 0; d < C; ++d) {
            double& entry = at.covariance[c * C + d];
            entry = entry / row - (at.mean[c] - about[c]) * (at.mean[d] - about[d]);
        }
    for (int o = 0; o < M; ++o) {
        double variance1 = 0;
        for (int c = 0; c < C; ++c)
            for (int d = 0; d < C; ++d) variance1 += k1[o * C + c] * at.covariance[c * C + d] * k1[o * C + d];
        const double off = at.mean3[o] - about3[o], variance3 = at.inverse3[o] / row - off * off;
        at.inverse1[o] = 1 / std::sqrt(std::max(variance1, 0.0) + EPSILON);
        at.inverse3[o] = 1 / std::sqrt(std::max(variance3, 0.0) + EPSILON);
    }
}

template <class T>
void leave(const Shape& s, const T* x, const T* k1, const T* k3, const T* mix, bool on_top, T* out, T* active, T* pooled,
           T* z3, double* moments) {
    const Moments at(s, moments);
    look(s, x, k3, active, pooled, z3);
    measure(s, active, z3, k1, at);
    const int C = s.C, M = s.M();
    const long row = s.row();
    vector<T> scale(M), shift(M), by_input(M * C);
    for (int o = 0; o < M; ++o) {
        const T* weights = mix + o / C * OPERATIONS;
        const double a1 = weights[CONV1] * at.inverse1[o], a3 = weights[CONV3] * at.inverse3[o];
        double constant = -a3 * at.mean3[o];
        for (int c = 0; c < C; ++c) {
            constant -= a1 * k1[o * C + c] * at.mean[c];
            by_input[o * C + c] = a1 * k1[o * C + c];
        }
        scale[o] = a3;
        shift[o] = constant;
    }
    blocks<T>(row, M, [&](auto rows, int first, long n, auto read) {
        constexpr int R = decltype(rows)::value;
        using V = decltype(read(x));
        V sum[R];
        for (int r = 0; r < R; ++r) {
            const int o = first + r;
            const T* weights = mix + o / C * OPERATIONS;
            const long same = o % C * row;
            sum[r] = shift[o] + scale[o] * read(z3 + o * row) + weights[SKIP] * read(x + same) +
                     weights[POOL] * read(pooled + same);
        }
        for (int c = 0; c < C; ++c) {
            const V input = read(active + c * row);
            for (int r = 0; r < R; ++r) sum[r] += by_input[(first + r) * C + c] * input;
        }
        for (int r = 0; r < R; ++r) {
            T* to = out + (first + r) * row;
            store(to + n, on_top ? V(sum[r] + read(to)) : sum[r]);
        }
    });
}

// The sums over pixels that batch norm's backward and the weights' slopes are made of.
struct Sums {
    vector<double> slope, by_input, by_z3, by_x, by_pooled;  // g, D, q₃; Σ G x and Σ G P(x), channel by channel
    explicit Sums(const Shape& s)
        : slope(s.M()), by_input(s.M() * s.C), by_z3(s.M()), by_x(s.M()), by_pooled(s.M()) {}

    template <class T> double q1(int o, int C, const T* k1) const {
        double sum = 0;
        for (int c = 0; c < C; ++c) sum += by_input[o * C + c] * k1[o * C + c];
        return sum;
    }
};

template <class T>
Sums summed(const Shape& s, const T* slope, const T* x, const T* active, const T* pooled, const T* z3, Moments at,
            bool with_mix) {
    Sums of(s);
    const long row = s.row();
    const vector<T> zero(s.M()), mean(at.mean, at.mean + s.C), mean3(at.mean3, at.mean3 + s.M());
    const Rows<T> slopes{slope, row, zero.data()}, inputs{active, row, mean.data()}, outputs{z3, row, mean3.data()};
    const Rows<T> xs{x, row, zero.data()}, averages{pooled, row, zero.data()};
    chunks(row, [&](long start, long length) {
        products(s.M(), slopes.from(0, start), s.C, inputs.from(0, start), length, of.by_input.data());
        for (int o = 0; o < s.M(); ++o) {
            const Rows<T> g = slopes.from(o, start);
            of.slope[o] += sum_of(g.at, length);
            products_of<1, 1>(g, outputs.from(o, start), length, &of.by_z3[o], 1);
            if (!with_mix) continue;
            products_of<1, 1>(g, xs.from(o % s.C, start), length, &of.by_x[o], 1);
            products_of<1, 1>(g, averages.from(o % s.C, start), length, &of.by_pooled[o], 1);
        }
    });
    // The means were rounded to T before they were taken off.
    for (int o = 0; o < s.M(); ++o) {
        for (int c = 0; c < s.C; ++c) of.by_input[o * s.C + c] += of.slope[o] * (mean[c] - at.mean[c]);
        of.by_z3[o] += of.slope[o] * (mean3[o] - at.mean3[o]);
    }
    return of;
}

// Adds to ∂K₃ what a block's ∂z₃ and A make of it: for each tap the product of the pixels that it joins.
template <int OUT, class T> void add_taps(const Block<T>& z3_slope, const Block<T>& active, int o, double* sums) {
    using V = typename Block<T>::V;
    constexpr int STEP = Block<T>::STEP, L = Block<T>::L;
    const Shape& s = active.s;
    for (int c = 0; c < active.channels; ++c)
        for (int i = 0; i < 3; ++i) {
            V sum[OUT][3] = {};
            for (int h = 0; h < s.H; ++h) {
                const T *left = z3_slope.pixel(o, h, 0), *right = active.pixel(c, h + i - 1, -1);
                for (int k = 0; k < s.W * STEP; k += L)
                    for (int b = 0; b < OUT; ++b) {
                        const V slope = load<V>(left + b * z3_slope.plane + k);
                        for (int j = 0; j < 3; ++j) sum[b][j] += slope * load<V>(right + j * STEP + k);
                    }
            }
            for (int b = 0; b < OUT; ++b)
                for (int j = 0; j < 3; ++j) sums[((o + b) * active.channels + c) * 9 + i * 3 + j] += total(sum[b][j]);
        }
}

// aₖ and bₖ of nats_kernel.py, one each for every output channel.
struct Scales {
    vector<double> a1, a3, b1, b3;
};

template <class T> Scales scales_of(const Shape& s, Moments at, const Sums& of, const T* k1, const T* mix) {
    const double n = s.row();
    Scales found;
    for (int o = 0; o < s.M(); ++o) {
        const T* weights = mix + o / s.C * OPERATIONS;
        const double i1 = at.inverse1[o], i3 = at.inverse3[o], a1 = weights[CONV1] * i1, a3 = weights[CONV3] * i3;
        found.a1.push_back(a1);
        found.a3.push_back(a3);
        found.b1.push_back(-a1 * of.q1(o, s.C, k1) * i1 * i1 / n);
        found.b3.push_back(-a3 * of.by_z3[o] * i3 * i3 / n);
    }
    return found;
}

template <class T> void to_mix(const Shape& s, Moments at, const Sums& of, const T* k1, T* mix_slope) {
    std::fill(mix_slope, mix_slope + s.m * OPERATIONS, T(0));
    for (int o = 0; o < s.M(); ++o) {
        T* to = mix_slope + o / s.C * OPERATIONS;
        to[SKIP] += of.by_x[o];
        to[CONV1] += of.q1(o, s.C, k1) * at.inverse1[o];
        to[CONV3] += of.by_z3[o] * at.inverse3[o];
        to[POOL] += of.by_pooled[o];
    }
}

template <class T>
void to_kernel1(const Shape& s, Moments at, const Sums& of, const Scales& by, const T* k1, T* k1_slope) {
    for (int o = 0; o < s.M(); ++o)
        for (int c = 0; c < s.C; ++c) {
            double sum = 0;
            for (int d = 0; d < s.C; ++d) sum += k1[o * s.C + d] * at.covariance[d * s.C + c];
            k1_slope[o * s.C + c] = by.a1[o] * of.by_input[o * s.C + c] + s.row() * by.b1[o] * sum;
        }
}

// ∂z₃, and through the convolution to A, into x_slope, and to K₃.
template <class T>
void through_kernel3(const Shape& s, Moments at, const Sums& of, const Scales& by, const T* active, const T* z3,
                     const T* k3, const T* slope, T* x_slope, T* k3_slope) {
    const int C = s.C, M = s.M();
    vector<T> shift(M), scale(by.a3.begin(), by.a3.end()), along(by.b3.begin(), by.b3.end());
    for (int o = 0; o < M; ++o) shift[o] = -by.a3[o] * of.slope[o] / s.row() - by.b3[o] * at.mean3[o];
    const Kernel<T> back(M, C, [&](int c, int o, int tap) { return k3[(o * C + c) * 9 + 8 - tap]; });
    Block<T> z3_slope(s, M), inputs(s, k3_slope ? C : 0);
    vector<double> sums(M * C * 9);
    for (int n = 0; n < s.N; n += Block<T>::STEP) {
        z3_slope.fill(n, [&](int o, auto read) { return shift[o] + scale[o] * read(slope) + along[o] * read(z3); });
        if (x_slope) back.convolve(z3_slope, n, x_slope);
        if (!k3_slope) continue;
        inputs.fill(n, [=](int, auto read) { return read(active); });
        for (int o = 0; o < M; o += M - o >= 4 ? 4 : 1) {
            if (M - o >= 4) add_taps<4>(z3_slope, inputs, o, sums.data());
            else add_taps<1>(z3_slope, inputs, o, sums.data());
        }
    }
    if (k3_slope) std::copy(sums.begin(), sums.end(), k3_slope);
}

// Adds to x_slope, which holds ∂A of the 3 × 3 convolutions, that of K₁; then through relu, and the skips' and pools'.
template <class T>
void through_the_rest(const Shape& s, Moments at, const Sums& of, const Scales& by, const T* active, const T* k1,
                      const T* mix, const T* slope, T* x_slope) {
    const int C = s.C, M = s.M();
    const long row = s.row();
    vector<double> inner(C * C), constant(C);
    vector<T> by_slope(C * M), to_pool(C * row);
    for (int c = 0; c < C; ++c)
        for (int o = 0; o < M; ++o) {
            for (int d = 0; d < C; ++d) {
                const double entry = k1[o * C + c] * by.b1[o] * k1[o * C + d];
                inner[c * C + d] += entry;
                constant[c] -= entry * at.mean[d];
            }
            constant[c] -= k1[o * C + c] * by.a1[o] * of.slope[o] / row;
            by_slope[c * M + o] = by.a1[o] * k1[o * C + c];
        }
    const vector<T> by_active(inner.begin(), inner.end()), start(constant.begin(), constant.end());
    blocks<T>(row, C, [&](auto rows, int first, long n, auto read) {
        constexpr int R = decltype(rows)::value;
        using V = decltype(read(active));
        V back[R] = {};
        for (int d = 0; d < C; ++d) {
            const V input = read(active + d * row);
            for (int r = 0; r < R; ++r) back[r] += by_active[(first + r) * C + d] * input;
        }
        for (int o = 0; o < M; ++o) {
            const V above = read(slope + o * row);
            for (int r = 0; r < R; ++r) back[r] += by_slope[(first + r) * M + o] * above;
        }
        for (int r = 0; r < R; ++r) {
            const int c = first + r;
            V skipped = {}, averaged = {};
            for (int t = 0; t < s.m; ++t) {
                const V above = read(slope + (long(t) * C + c) * row);
                skipped += mix[t * OPERATIONS + SKIP] * above;
                averaged += mix[t * OPERATIONS + POOL] * above;
            }
            T* to = x_slope + c * row;
            const V past = read(to) + back[r] + start[c];
            store(to + n, V(skipped + (read(active + c * row) > T(0) ? past : V{})));
            store(to_pool.data() + c * row + n, averaged);
        }
    });
    for (int c = 0; c < C; ++c) pool<true>(s, to_pool.data() + c * row, x_slope + c * row);
}

template <class T>
void take_back(const Shape& s, const T* x, const T* active, const T* pooled, const T* z3, double* moments, const T* k1,
               const T* k3, const T* mix, const T* slope, T* x_slope, T* mix_slope, T* k1_slope, T* k3_slope) {
    const Moments at(s, moments);
    const Sums of = summed(s, slope, x, active, pooled, z3, at, mix_slope);
    const Scales by = scales_of(s, at, of, k1, mix);
    if (mix_slope) to_mix(s, at, of, k1, mix_slope);
    if (k1_slope) to_kernel1(s, at, of, by, k1, k1_slope);
    if (x_slope || k3_slope) through_kernel3(s, at, of, by, active, z3, k3, slope, x_slope, k3_slope);
    if (x_slope) through_the_rest(s, at, of, by, active, k1, mix, slope, x_slope);
}

}  // namespace

#define EXPORT(T, SUFFIX)                                                                                              \
    extern "C" void leave_##SUFFIX(int C, int m, int H, int W, int N, const T* x, const T* k1, const T* k3,            \
                                   const T* mix, int on_top, T* out, T* active, T* pooled, T* z3, double* moments) {   \
        leave<T>({C, m, H, W, N}, x, k1, k3, mix, on_top, out, active, pooled, z3, moments);                           \
    }                                                                                                                  \
    extern "C" void take_back_##SUFFIX(int C, int m, int H, int W, int N, const T* x, const T* active,                 \
                                       const T* pooled, const T* z3, double* moments, const T* k1, const T* k3,        \
                                       const T* mix, const T* slope, T* x_slope, T* mix_slope,             \
                                       T* k1_slope, T* k3_slope) {                                                     \
        take_back<T>({C, m, H, W, N}, x, active, pooled, z3, moments, k1, k3, mix, slope, x_slope, mix_slope, \
                     k1_slope, k3_slope);                                                                              \
    }
EXPORT(float, float)
EXPORT(double, double)

/* Samples one 8-bit plane along a straight, axis-parallel grid with bilinear weights, in integers only.

   Output pixel (x, y) is the source at (left + step_x * x, top + step_y * y); outside, the nearest edge pixel counts.
   A source row is resampled horizontally at most once, into 16-bit values with 7 fractional bits (weights of 1/128);
   an output row then mixes two of those, and these with what the output held if they are not opaque (weights of
   1/32768); it is rounded once. Pixels are taken as p - 128, so that all sums fit 16 bits. The AVX2 path and the
   portable one give the same bytes. */

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#define HAVE_AVX2_PATH 1
#endif

/* Raised with every change that changes a pixel, or what a caller passes; part of the name of every segment. */
#define RESAMPLE_VERSION 3

#define GROUP 8          /* outputs that one 16-byte load of the source serves */
#define WINDOW 16        /* bytes of such a load */
#define BLOCK 32         /* outputs that are mixed at once: four groups */
#define WEIGHT_ONE 128   /* horizontal weight of a whole pixel */
#define OPAQUE 32768     /* opacity of samples that hide what was in the output */

/* How two groups are sampled. Groups 0 and 2 of a block are a pair, and 1 and 3: so they lie in a resampled row, and
   so AVX2, which packs and unpacks each half of a register by itself, wants them. */
typedef struct {
    uint8_t pick[2 * WINDOW];   /* offsets of left and right neighbour in the window, interleaved */
    uint8_t weight[2 * WINDOW];
    int32_t base[2];            /* first byte of each window in the source row */
} Pair;

/* What an output row is made of, beside the two resampled rows. */
typedef struct {
    int share;    /* of the lower row, in 1/32768 */
    int opacity;  /* up to OPAQUE */
} Mix;

static int32_t split(double position, int length, double *fraction)
{
    if (position < 0)
        position = 0;
    if (position > length - 1)
        position = length - 1;
    int32_t index = (int32_t)position;
    if (index > length - 2)
        index = length - 2;
    *fraction = position - index;
    return index;
}

/* Where output x lies in a resampled row. */
static int place_of(int x)
{
    int group = x % BLOCK / GROUP;
    return x - x % BLOCK + group % 2 * 2 * GROUP + group / 2 * GROUP + x % GROUP;
}

/* Returns 0 when a group spans more than one window. */
static int plan_row(Pair *pairs, int blocks, int source_width, double left, double step)
{
    for (int g = 0; g < blocks * BLOCK / GROUP; g++) {
        Pair *pair = &pairs[g / 4 * 2 + g % 2];
        int half = g % 4 / 2, base = 0;
        for (int k = 0; k < GROUP; k++) {
            double fraction;
            int32_t index = split(left + step * (g * GROUP + k), source_width, &fraction);
            if (k == 0)
                base = pair->base[half] = index < source_width - WINDOW ? index : source_width - WINDOW;
            if (index - base > WINDOW - 2)
                return 0;
            int at = half * WINDOW + 2 * k, weight = (int)(fraction * WEIGHT_ONE + 0.5);
            pair->pick[at] = (uint8_t)(index - base);
            pair->pick[at + 1] = (uint8_t)(index - base + 1);
            pair->weight[at] = (uint8_t)(WEIGHT_ONE - weight);
            pair->weight[at + 1] = (uint8_t)weight;
        }
    }
    return 1;
}

static void resample_row(const uint8_t *source, const Pair *pairs, int blocks, int16_t *out)
{
    for (int at = 0; at < blocks * BLOCK; at++) {
        const Pair *pair = &pairs[at / (2 * GROUP)];
        int k = at % (2 * GROUP) * 2;
        const uint8_t *window = source + pair->base[k / WINDOW];
        int a = (int)window[pair->pick[k]] - 128, b = (int)window[pair->pick[k + 1]] - 128;
        out[at] = (int16_t)(a * pair->weight[k] + b * pair->weight[k + 1]);
    }
}

static void mix_rows(const int16_t *upper, const int16_t *lower, Mix mix, uint8_t *out, int first, int end)
{
    for (int x = first; x < end; x++) {
        int at = place_of(x), mixed = upper[at] + (((lower[at] - upper[at]) * mix.share + 0x4000) >> 15);
        if (mix.opacity < OPAQUE) {
            int below = ((int)out[x] - 128) * 128;
            mixed = below + (((mixed - below) * mix.opacity + 0x4000) >> 15);
        }
        int value = (mixed + 64) >> 7;
        out[x] = (uint8_t)((value > 127 ? 127 : value) + 128);
    }
}

#ifdef HAVE_AVX2_PATH
#define AVX2 __attribute__((target("avx2")))

AVX2 static inline __m256i sampled(const uint8_t *source, const Pair *pair)
{
    __m256i bytes = _mm256_inserti128_si256(
        _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(source + pair->base[0]))),
        _mm_loadu_si128((const __m128i *)(source + pair->base[1])), 1);
    __m256i neighbours = _mm256_shuffle_epi8(bytes, _mm256_loadu_si256((const __m256i *)pair->pick));
    return _mm256_maddubs_epi16(_mm256_loadu_si256((const __m256i *)pair->weight),
                                _mm256_xor_si256(neighbours, _mm256_set1_epi8((char)0x80)));
}

AVX2 static inline __m256i mixed(__m256i one, __m256i other, __m256i share)
{
    return _mm256_add_epi16(one, _mm256_mulhrs_epi16(_mm256_sub_epi16(other, one), share));
}

/* Mixes a block and writes it. */
AVX2 static inline void put_block(const __m256i upper[2], const __m256i lower[2], Mix mix, uint8_t *out)
{
    const __m256i sign = _mm256_set1_epi8((char)0x80), share = _mm256_set1_epi16((short)mix.share);
    __m256i first = mixed(upper[0], lower[0], share), second = mixed(upper[1], lower[1], share);
    if (mix.opacity < OPAQUE) {
        const __m256i opacity = _mm256_set1_epi16((short)mix.opacity), zero = _mm256_setzero_si256();
        __m256i below = _mm256_xor_si256(_mm256_loadu_si256((const __m256i *)out), sign);
        first = mixed(_mm256_srai_epi16(_mm256_unpacklo_epi8(zero, below), 1), first, opacity);
        second = mixed(_mm256_srai_epi16(_mm256_unpackhi_epi8(zero, below), 1), second, opacity);
    }
    const __m256i round = _mm256_set1_epi16(256); /* (value * 256 + 0x4000) >> 15 is (value + 64) >> 7 */
    __m256i packed = _mm256_packs_epi16(_mm256_mulhrs_epi16(first, round), _mm256_mulhrs_epi16(second, round));
    _mm256_storeu_si256((__m256i *)out, _mm256_xor_si256(packed, sign));
}

AVX2 static void resample_row_avx2(const uint8_t *source, const Pair *pairs, int blocks, int16_t *out)
{
    for (int p = 0; p < 2 * blocks; p++)
        _mm256_storeu_si256((__m256i *)(out + p * 2 * GROUP), sampled(source, &pairs[p]));
}

AVX2 static void mix_rows_avx2(const int16_t *upper, const int16_t *lower, Mix mix, uint8_t *out, int width)
{
    int x = 0;
    for (; x + BLOCK <= width; x += BLOCK) {
        __m256i above[2], below[2];
        for (int half = 0; half < 2; half++) {
            above[half] = _mm256_loadu_si256((const __m256i *)(upper + x + half * 2 * GROUP));
            below[half] = _mm256_loadu_si256((const __m256i *)(lower + x + half * 2 * GROUP));
        }
        put_block(above, below, mix, out + x);
    }
    mix_rows(upper, lower, mix, out, x, width);
}

/* The two functions above at once: what is mixed need not be loaded again. */
AVX2 static void resample_and_mix_avx2(const uint8_t *source, const Pair *pairs, const int16_t *upper, int16_t *lower,
                                       Mix mix, uint8_t *out, int width)
{
    int x = 0;
    for (; x + BLOCK <= width; x += BLOCK, pairs += 2) {
        __m256i above[2], below[2];
        for (int half = 0; half < 2; half++) {
            above[half] = _mm256_loadu_si256((const __m256i *)(upper + x + half * 2 * GROUP));
            below[half] = sampled(source, &pairs[half]);
            _mm256_storeu_si256((__m256i *)(lower + x + half * 2 * GROUP), below[half]);
        }
        put_block(above, below, mix, out + x);
    }
    if (x < width) {
        resample_row_avx2(source, pairs, 1, lower + x);
        mix_rows(upper, lower, mix, out, x, width);
    }
}
#endif

static int has_vectors(int portable)
{
#ifdef HAVE_AVX2_PATH
    return !portable && __builtin_cpu_supports("avx2");
#else
    (void)portable;
    return 0;
#endif
}

static void fill_row(const uint8_t *source, const Pair *pairs, int blocks, int16_t *out, int vectors)
{
#ifdef HAVE_AVX2_PATH
    if (vectors) {
        resample_row_avx2(source, pairs, blocks, out);
        return;
    }
#endif
    (void)vectors;
    resample_row(source, pairs, blocks, out);
}

/* Draws one output row; `lower` is resampled from `source` first if `fresh`. */
static void draw_row(const uint8_t *source, const Pair *pairs, const int16_t *upper, int16_t *lower, int fresh,
                     Mix mix, uint8_t *out, int width, int vectors)
{
#ifdef HAVE_AVX2_PATH
    if (vectors && fresh) {
        resample_and_mix_avx2(source, pairs, upper, lower, mix, out, width);
        return;
    }
    if (vectors) {
        mix_rows_avx2(upper, lower, mix, out, width);
        return;
    }
#endif
    if (fresh)
        fill_row(source, pairs, (width + BLOCK - 1) / BLOCK, lower, vectors);
    mix_rows(upper, lower, mix, out, 0, width);
}

int resample_version(void)
{
    return RESAMPLE_VERSION;
}

/* Bytes that a call for rows of this width needs to work in. */
size_t resample_scratch(int width)
{
    size_t blocks = (size_t)(width + BLOCK - 1) / BLOCK;
    return blocks * (2 * sizeof(Pair) + 2 * BLOCK * sizeof(int16_t));
}

/* Positions in pixels of the source; opacity 0 to 1, below 1 the output must hold a picture. Returns 0, or 1 with
   nothing drawn when the source is too small or the horizontal step too wide for this method; `portable` asks for the
   path without vector instructions. */
int resample(const uint8_t *source, ptrdiff_t source_stride, int source_width, int source_height,
             uint8_t *out, ptrdiff_t out_stride, int width, int height,
             double left, double top, double step_x, double step_y, double opacity, void *scratch, int portable)
{
    if (source_width < WINDOW || source_height < 2)
        return 1;
    int blocks = (width + BLOCK - 1) / BLOCK, vectors = has_vectors(portable);
    Pair *pairs = scratch;
    int16_t *rows[2] = {(int16_t *)(pairs + 2 * blocks), (int16_t *)(pairs + 2 * blocks) + (ptrdiff_t)blocks * BLOCK};
    if (!plan_row(pairs, blocks, source_width, left, step_x))
        return 1;
    Mix mix = {.opacity = (int)lrint(opacity * OPAQUE)};
    int32_t held[2] = {-1, -1};
    for (int y = 0; y < height; y++) {
        double fraction;
        int32_t upper = split(top + step_y * y, source_height, &fraction), lower = upper + 1;
        if (held[upper & 1] != upper)
            fill_row(source + upper * source_stride, pairs, blocks, rows[upper & 1], vectors);
        int share = (int)(fraction * 32768 + 0.5);
        mix.share = share > 32767 ? 32767 : share;
        draw_row(source + lower * source_stride, pairs, rows[upper & 1], rows[lower & 1], held[lower & 1] != lower, mix,
                 out + y * out_stride, width, vectors);
        held[upper & 1] = upper;
        held[lower & 1] = lower;
    }
    return 0;
}

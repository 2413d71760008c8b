/* Samples one 8-bit plane along a straight, axis-parallel grid with bilinear weights, in integers only.

   Output pixel (x, y) is the source at (left + step_x * x, top + step_y * y); outside, the nearest edge pixel counts.
   A source row is resampled horizontally at most once, into 16-bit values with 7 fractional bits (weights of 1/128);
   an output row then mixes two of those, and these with what the output held if they are not opaque (weights of
   1/32768); it is rounded once. Pixels are taken as p - 128, so that all sums fit 16
   bits. The AVX2 path and the portable one give the same bytes. */

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#define HAVE_AVX2_PATH 1
#endif

/* Raised with every change that changes a pixel; part of the name of every segment. */
#define RESAMPLE_VERSION 2

#define GROUP 8          /* outputs that one 16-byte load of the source serves */
#define WINDOW 16        /* bytes of such a load */
#define WEIGHT_ONE 128   /* horizontal weight of a whole pixel */
#define OPAQUE 32768     /* opacity of samples that hide what was in the output */

typedef struct {
    int32_t base;             /* first byte of the window in the source row */
    uint8_t pick[2 * GROUP];  /* offsets of left and right neighbour in the window, interleaved */
    uint8_t weight[2 * GROUP];
} Group;

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

/* Returns 0 when a group spans more than one window. */
static int plan_row(Group *groups, int count, int source_width, double left, double step)
{
    for (int g = 0; g < count; g++) {
        Group *group = &groups[g];
        int32_t base = 0;
        for (int k = 0; k < GROUP; k++) {
            double fraction;
            int32_t index = split(left + step * (g * GROUP + k), source_width, &fraction);
            if (k == 0)
                base = group->base = index < source_width - WINDOW ? index : source_width - WINDOW;
            if (index - base > WINDOW - 2)
                return 0;
            int weight = (int)lrint(fraction * WEIGHT_ONE);
            group->pick[2 * k] = (uint8_t)(index - base);
            group->pick[2 * k + 1] = (uint8_t)(index - base + 1);
            group->weight[2 * k] = (uint8_t)(WEIGHT_ONE - weight);
            group->weight[2 * k + 1] = (uint8_t)weight;
        }
    }
    return 1;
}

static void resample_row(const uint8_t *source, const Group *groups, int count, int16_t *out)
{
    for (int g = 0; g < count; g++) {
        const Group *group = &groups[g];
        const uint8_t *window = source + group->base;
        for (int k = 0; k < GROUP; k++) {
            int a = (int)window[group->pick[2 * k]] - 128, b = (int)window[group->pick[2 * k + 1]] - 128;
            out[g * GROUP + k] = (int16_t)(a * group->weight[2 * k] + b * group->weight[2 * k + 1]);
        }
    }
}

static void mix_rows(const int16_t *upper, const int16_t *lower, int share, int opacity, uint8_t *out, int width)
{
    for (int x = 0; x < width; x++) {
        int mixed = upper[x] + (((lower[x] - upper[x]) * share + 0x4000) >> 15);
        if (opacity < OPAQUE) {
            int below = ((int)out[x] - 128) * 128;
            mixed = below + (((mixed - below) * opacity + 0x4000) >> 15);
        }
        int value = (mixed + 64) >> 7;
        out[x] = (uint8_t)((value > 127 ? 127 : value) + 128);
    }
}

#ifdef HAVE_AVX2_PATH
__attribute__((target("avx2")))
static void resample_row_avx2(const uint8_t *source, const Group *groups, int count, int16_t *out)
{
    const __m256i sign = _mm256_set1_epi8((char)0x80);
    int g = 0;
    for (; g + 2 <= count; g += 2) {
        const Group *one = &groups[g], *two = &groups[g + 1];
        __m256i bytes = _mm256_inserti128_si256(
            _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(source + one->base))),
            _mm_loadu_si128((const __m128i *)(source + two->base)), 1);
        __m256i pick = _mm256_inserti128_si256(
            _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)one->pick)),
            _mm_loadu_si128((const __m128i *)two->pick), 1);
        __m256i weight = _mm256_inserti128_si256(
            _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)one->weight)),
            _mm_loadu_si128((const __m128i *)two->weight), 1);
        __m256i pairs = _mm256_xor_si256(_mm256_shuffle_epi8(bytes, pick), sign);
        _mm256_storeu_si256((__m256i *)(out + g * GROUP), _mm256_maddubs_epi16(weight, pairs));
    }
    if (g < count)
        resample_row(source, groups + g, count - g, out + g * GROUP);
}

__attribute__((target("avx2")))
static void mix_rows_avx2(const int16_t *upper, const int16_t *lower, int share, int opacity, uint8_t *out,
                          int width)
{
    const __m256i opacities = _mm256_set1_epi16((short)opacity), centre = _mm256_set1_epi16(128);
    const __m256i shares = _mm256_set1_epi16((short)share), half = _mm256_set1_epi16(64);
    const __m256i sign = _mm256_set1_epi8((char)0x80);
    int x = 0;
    for (; x + 32 <= width; x += 32) {
        __m256i mixed[2];
        for (int half_row = 0; half_row < 2; half_row++) {
            __m256i a = _mm256_loadu_si256((const __m256i *)(upper + x + 16 * half_row));
            __m256i b = _mm256_loadu_si256((const __m256i *)(lower + x + 16 * half_row));
            __m256i m = _mm256_add_epi16(a, _mm256_mulhrs_epi16(_mm256_sub_epi16(b, a), shares));
            if (opacity < OPAQUE) {
                __m256i below = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(out + x + 16 * half_row)));
                below = _mm256_slli_epi16(_mm256_sub_epi16(below, centre), 7);
                m = _mm256_add_epi16(below, _mm256_mulhrs_epi16(_mm256_sub_epi16(m, below), opacities));
            }
            mixed[half_row] = _mm256_srai_epi16(_mm256_add_epi16(m, half), 7);
        }
        __m256i packed = _mm256_permute4x64_epi64(_mm256_packs_epi16(mixed[0], mixed[1]), 0xD8);
        _mm256_storeu_si256((__m256i *)(out + x), _mm256_xor_si256(packed, sign));
    }
    if (x < width)
        mix_rows(upper + x, lower + x, share, opacity, out + x, width - x);
}
#endif

int resample_version(void)
{
    return RESAMPLE_VERSION;
}

/* Bytes that a call for rows of this width needs to work in. */
size_t resample_scratch(int width)
{
    size_t count = (size_t)(width + GROUP - 1) / GROUP;
    return count * sizeof(Group) + 2 * count * GROUP * sizeof(int16_t);
}

/* Positions in pixels of the source; opacity 0 to 1, below 1 the output must hold a picture. Returns 0, or 1 with nothing drawn when the source is too small or the
   horizontal step too wide for this method; `portable` asks for the path without vector instructions. */
int resample(const uint8_t *source, ptrdiff_t source_stride, int source_width, int source_height,
             uint8_t *out, ptrdiff_t out_stride, int width, int height,
             double left, double top, double step_x, double step_y, double opacity, void *scratch, int portable)
{
    if (source_width < WINDOW || source_height < 2)
        return 1;
    int count = (width + GROUP - 1) / GROUP;
    Group *groups = scratch;
    int16_t *rows[2];
    rows[0] = (int16_t *)(groups + count);
    rows[1] = rows[0] + (ptrdiff_t)count * GROUP;
    if (!plan_row(groups, count, source_width, left, step_x))
        return 1;
    void (*row)(const uint8_t *, const Group *, int, int16_t *) = resample_row;
    void (*mix)(const int16_t *, const int16_t *, int, int, uint8_t *, int) = mix_rows;
#ifdef HAVE_AVX2_PATH
    if (!portable && __builtin_cpu_supports("avx2")) {
        row = resample_row_avx2;
        mix = mix_rows_avx2;
    }
#else
    (void)portable;
#endif
    int cover = (int)lrint(opacity * OPAQUE);
    int32_t held[2] = {-1, -1};
    for (int y = 0; y < height; y++) {
        double fraction;
        int32_t upper = split(top + step_y * y, source_height, &fraction);
        for (int32_t line = upper; line <= upper + 1; line++) {
            if (held[line & 1] != line) {
                row(source + line * source_stride, groups, count, rows[line & 1]);
                held[line & 1] = line;
            }
        }
        int share = (int)lrint(fraction * 32768);
        if (share > 32767)
            share = 32767;
        mix(rows[upper & 1], rows[(upper + 1) & 1], share, cover, out + y * out_stride, width);
    }
    return 0;
}

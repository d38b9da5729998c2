package prometheus

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/scenario-runner/scenario-runner/steps/endpoint"
)

// Series is one time series with the samples that are to be written. The name of the metric is the label __name__.
type Series struct {
	Labels map[string]string
	Points []Point
}

// Write sends samples by remote write, version 1.
func (c Client) Write(ctx context.Context, series []Series) error {
	_, err := c.Do(ctx, endpoint.Request{
		Method: http.MethodPost, Path: "/api/v1/write", Body: compress(encode(series)),
		Headers: map[string]string{
			"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy", "X-Prometheus-Remote-Write-Version": "0.1.0",
		},
	})
	refused, ok := errors.AsType[*endpoint.StatusError](err)
	if ok && refused.Status == http.StatusNotFound {
		return fmt.Errorf("%w; start Prometheus with --web.enable-remote-write-receiver", err)
	}
	return err
}

// Fields of the messages WriteRequest, TimeSeries, Label and Sample.
const (
	fieldSeries    protowire.Number = 1
	fieldLabels    protowire.Number = 1
	fieldSamples   protowire.Number = 2
	fieldName      protowire.Number = 1
	fieldValue     protowire.Number = 2
	fieldNumber    protowire.Number = 1
	fieldTimestamp protowire.Number = 2
)

// encode writes a WriteRequest. Labels must be sorted by name.
func encode(series []Series) []byte {
	var out []byte
	for _, s := range series {
		var message []byte
		for _, name := range slices.Sorted(maps.Keys(s.Labels)) {
			var label []byte
			label = protowire.AppendString(protowire.AppendTag(label, fieldName, protowire.BytesType), name)
			label = protowire.AppendString(protowire.AppendTag(label, fieldValue, protowire.BytesType), s.Labels[name])
			message = protowire.AppendBytes(protowire.AppendTag(message, fieldLabels, protowire.BytesType), label)
		}
		for _, p := range s.Points {
			var sample []byte
			sample = protowire.AppendFixed64(protowire.AppendTag(sample, fieldNumber, protowire.Fixed64Type), math.Float64bits(p.Value))
			sample = protowire.AppendVarint(protowire.AppendTag(sample, fieldTimestamp, protowire.VarintType), uint64(p.At.UnixMilli())) //nolint:gosec // after 1970
			message = protowire.AppendBytes(protowire.AppendTag(message, fieldSamples, protowire.BytesType), sample)
		}
		out = protowire.AppendBytes(protowire.AppendTag(out, fieldSeries, protowire.BytesType), message)
	}
	return out
}

// longestLiteral is how much the snappy format lets stand in one piece whose length has two bytes.
const longestLiteral = 1 << 16

// compress writes data in the block format of snappy, as literals: it must be in that format, and it need not be small.
func compress(data []byte) []byte {
	out := binary.AppendUvarint(nil, uint64(len(data)))
	for piece := range slices.Chunk(data, longestLiteral) {
		const twoBytes = 61 << 2 // a literal whose length less one is in the two bytes that follow
		out = append(out, twoBytes)
		out = binary.LittleEndian.AppendUint16(out, uint16(len(piece)-1)) //nolint:gosec // a piece is short enough
		out = append(out, piece...)
	}
	return out
}

// At returns points of one value at one time.
func At(at time.Time, value float64) []Point { return []Point{{At: at, Value: value}} }

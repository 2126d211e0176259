// Reads a playlist of low latency with gohlslib's client: main URL SECONDS. It prints how many access
// units came, and from which codec.
package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/bluenviron/gohlslib/v2"
	"github.com/bluenviron/gohlslib/v2/pkg/codecs"
)

func main() {
	seconds, err := strconv.Atoi(os.Args[2])
	if err != nil {
		panic(err)
	}
	var units atomic.Int64
	var codec string
	client := &gohlslib.Client{URI: os.Args[1]}
	client.OnTracks = func(tracks []*gohlslib.Track) error {
		for _, track := range tracks {
			if _, ok := track.Codec.(*codecs.MPEG4Audio); !ok {
				return errors.New("a track that is no AAC")
			}
			codec = "MPEG-4 Audio"
			client.OnDataMPEG4Audio(track, func(_ int64, aus [][]byte) {
				units.Add(int64(len(aus)))
			})
		}
		return nil
	}
	if err := client.Start(); err != nil {
		panic(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- client.Wait2() }()
	select {
	case err := <-ended:
		fmt.Println("ended:", err)
		os.Exit(1)
	case <-time.After(time.Duration(seconds) * time.Second):
	}
	client.Close()
	fmt.Println(codec, units.Load())
}

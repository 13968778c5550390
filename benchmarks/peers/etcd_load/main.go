// etcd-load keeps a number of requests outstanding at one etcd member, and says how long each took.
//
// It speaks the lines of benchmarks/load/base.py: a Job a line on its input, a Sample a line on its output. Each outstanding request is
// a goroutine; they share connections as etcd's own benchmark does. Usage: etcd-load ENDPOINT
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"go.etcd.io/etcd/clientv3"
)

type job struct {
	Load        string  `json:"load"`
	Outstanding int     `json:"outstanding"`
	Seconds     float64 `json:"seconds"`
	ValueBytes  int     `json:"value_bytes"`
	Prefix      string  `json:"prefix"`
}

type sample struct {
	Count      int            `json:"count"`
	Seconds    float64        `json:"seconds"`
	Total      int            `json:"total"`
	Histogram  map[string]int `json:"histogram"`
	CPUSeconds float64        `json:"cpu_seconds"`
	Repeated   int            `json:"repeated"`
}

// What one goroutine saw.
type worker struct {
	latencies       []time.Duration
	total, repeated int
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: etcd-load ENDPOINT")
		os.Exit(2)
	}
	clients := connect(os.Args[1], 10)
	fmt.Println(`{"ready": true}`)
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var asked job
		must(json.Unmarshal(lines.Bytes(), &asked))
		answer, err := json.Marshal(run(clients, asked))
		must(err)
		fmt.Println(string(answer))
	}
}

func connect(endpoint string, count int) []*clientv3.Client {
	clients := make([]*clientv3.Client, count)
	for i := range clients {
		client, err := clientv3.New(clientv3.Config{Endpoints: []string{endpoint}, DialTimeout: 5 * time.Second})
		must(err)
		clients[i] = client
	}
	return clients
}

func run(clients []*clientv3.Client, asked job) sample {
	// One connection for each hundred requests: with 100 outstanding one connection and ten did alike, a hundred did half; with 1,000
	// outstanding one, ten and a hundred did alike.
	connections := (asked.Outstanding + 99) / 100
	if connections > len(clients) {
		connections = len(clients)
	}
	begin := time.Now().Add(time.Duration(math.Min(0.2, 0.2*asked.Seconds) * 1e9))
	end := begin.Add(time.Duration(asked.Seconds * 1e9))
	workers := make([]worker, asked.Outstanding)
	var working sync.WaitGroup
	for i := range workers {
		working.Add(1)
		go func(i int) {
			defer working.Done()
			workers[i].work(clients[i%connections], asked, i, begin, end)
		}(i)
	}
	time.Sleep(time.Until(begin))
	before := cpuSeconds()
	time.Sleep(time.Until(end))
	used := cpuSeconds() - before
	working.Wait()
	return collect(workers, asked, used)
}

func (w *worker) work(client *clientv3.Client, asked job, number int, begin, end time.Time) {
	value := strings.Repeat("v", asked.ValueBytes)
	for i := 0; ; i++ {
		sent := time.Now()
		if !sent.Before(end) {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		err := request(ctx, client, asked, fmt.Sprintf("%s-%d-%d", asked.Prefix, number, i), value)
		cancel()
		if err != nil {
			w.repeated++
			continue
		}
		w.total++
		if done := time.Now(); !done.Before(begin) && done.Before(end) {
			w.latencies = append(w.latencies, done.Sub(sent))
		}
	}
}

func request(ctx context.Context, client *clientv3.Client, asked job, key, value string) error {
	switch asked.Load {
	case "put":
		_, err := client.Put(ctx, key, value)
		return err
	case "decree": // Create if absent, and see what is there.
		absent := clientv3.Compare(clientv3.CreateRevision(key), "=", 0)
		_, err := client.Txn(ctx).If(absent).Then(clientv3.OpPut(key, value)).Else(clientv3.OpGet(key)).Commit()
		return err
	case "read": // Linearizable, which is the default.
		_, err := client.Get(ctx, "read")
		return err
	}
	return fmt.Errorf("no load %q", asked.Load)
}

func collect(workers []worker, asked job, used float64) sample {
	found := sample{Seconds: asked.Seconds, Histogram: map[string]int{}, CPUSeconds: used}
	for _, w := range workers {
		found.Total += w.total
		found.Repeated += w.repeated
		found.Count += len(w.latencies)
		for _, latency := range w.latencies {
			found.Histogram[fmt.Sprint(int(math.Log(float64(latency.Nanoseconds()))/math.Log(1.01)))]++
		}
	}
	return found
}

func cpuSeconds() float64 {
	var usage syscall.Rusage
	must(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

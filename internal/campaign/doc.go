// Package campaign attacks the promises of the product as a whole: many scenarios of which the verdict is known run on a
// real API server behind a proxy that makes every kind of trouble, runs are killed and interrupted at random moments,
// and ten thousand steps and a thousand waits are measured. It holds tests only; each package tests its own work beside it.
//
// The long forms are started by hand:
//
//	go test ./internal/campaign -run Faults -campaign.runs=10000 -timeout 3h
//	go test ./internal/campaign -run Kill -campaign.kills=200 -timeout 2h
package campaign

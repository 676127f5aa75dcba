// Reads the compose file of each directory that it is given with the loader of docker compose, with no profile and with all, and
// prints the project as docker compose understands it, in a line of JSON. Exits with 1 where a file is refused.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/compose-spec/compose-go/v2/cli"
)

func main() {
	failed := false
	for _, directory := range os.Args[1:] {
		line, err := understand(directory)
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", directory, err)
			failed = true
			continue
		}
		fmt.Println(line)
	}
	if failed {
		os.Exit(1)
	}
}

// understand returns the project with all profiles. A service that others need must not be missing without them.
func understand(directory string) (string, error) {
	if _, err := load(directory, nil); err != nil {
		return "", err
	}
	text, err := load(directory, []string{"*"})
	if err != nil {
		return "", err
	}
	var line bytes.Buffer
	err = json.Compact(&line, text)
	return line.String(), err
}

func load(directory string, profiles []string) ([]byte, error) {
	options, err := cli.NewProjectOptions(
		[]string{filepath.Join(directory, "compose.yaml")},
		cli.WithWorkingDirectory(directory),
		cli.WithOsEnv,
		cli.WithDotEnv,
		cli.WithProfiles(profiles),
	)
	if err != nil {
		return nil, err
	}
	project, err := options.LoadProject(context.Background())
	if err != nil {
		return nil, err
	}
	return project.MarshalJSON()
}

package mock

import (
	"github.com/scenario-runner/scenario-runner/engine/eval"
)

// Chat is the script of a language model.
type Chat struct {
	Model   string `yaml:"model" doc:"Name of the model when a request names none, and in the list of models." example:"llama3.1:8b"`
	Answers []Turn `yaml:"answers" required:"true" doc:"What the model says. The first one that fits the prompt is taken; without one, the request is answered with status 501."`
}

// Turn is what the model says to some prompts.
type Turn struct {
	Match  string          `yaml:"match" doc:"Regular expression that is found in the prompt, the last message that is not the model's own. Named groups are in groups." example:"OOMKilled.*deployment/(?P<name>[a-z-]+)"`
	When   eval.Expr[bool] `yaml:"when" scope:"prompt,request" doc:"Answer only prompts of which this is true." example:"request.body.temperature == 0"`
	Say    eval.Tree       `yaml:"say" scope:"prompt,groups,request,index" doc:"Text of the answer, or a value that is written as JSON. Expressions see the prompt, the groups of match, the request, and as index how often this answer was given before." example:"{action: scale_deployment, confidence: 0.9}"`
	Call   []Call          `yaml:"call" single:"true" doc:"Functions that the model wants to be called, instead of or beside a text." example:"{name: scale, arguments: {replicas: 3}}"`
	Times  int             `yaml:"times" doc:"How often this answer is given at most; after that, the next ones are looked at. Without it, without end."`
	Finish string          `yaml:"finish" enum:"stop,length,tool_calls,content_filter" doc:"Why the model stopped. Without it, tool_calls after a call, else stop."`
	Status int             `yaml:"status" doc:"Status of the answer; another one than 200 is an error in the form of the API, with the text of say." example:"429"`
	Manner `yaml:",inline"`
}

// Call is a function that the model wants to be called.
type Call struct {
	Name      string    `yaml:"name" required:"true" doc:"Name of the function." example:"scale_deployment"`
	Arguments eval.Tree `yaml:"arguments" scope:"prompt,groups,request,index" doc:"Its arguments, a mapping." example:"{replicas: 3}"`
}

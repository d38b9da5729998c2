package observe

import "github.com/scenario-runner/scenario-runner/steps/kube"

// Needs adds the rights to look at the source once, or to follow it.
func (s Source) Needs(r *kube.Rights, follow bool) {
	look := func(ref kube.Ref) {
		if r.Read(ref); follow {
			r.Follow(ref).Explain(ref)
		}
	}
	switch r.For("look at " + s.String()); {
	case s.Object != nil:
		look(*s.Object)
	case s.Objects != nil:
		look(*s.Objects)
	case s.Events != nil:
		look(s.Events.where())
	case s.Logs != nil:
		s.Logs.needs(r, follow)
	}
}

// where says which events are looked at, as far as that is known before the run.
func (e *Events) where() kube.Ref {
	ref := kube.Ref{APIVersion: "v1", Kind: "Event", Namespace: e.Namespace}
	switch {
	case e.For == nil:
	case kube.WholeCluster(e.For.KindName()):
		ref.Namespace = "default" // where events about things without a namespace are kept
	case e.For.Namespace != "":
		ref.Namespace = e.For.Namespace
	}
	return ref
}

func (l *Logs) needs(r *kube.Rights, follow bool) {
	r.Pods(l.Of, follow)
	if follow {
		r.Follow(l.Of)
	}
	r.InPods(l.Of, "log", "get")
}
